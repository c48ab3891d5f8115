namespace Batching.Engine.Model;

/// <summary>The origin of a batch, as far as the API behind is told.</summary>
/// <param name="Peer">The client's address as text, <c>192.0.2.1</c> or <c>2001:db8::1</c>; null if it is not known.</param>
/// <param name="TraceParent">
/// What the client sent as <c>traceparent</c> (W3C Trace Context, section 3.2); null for none. The calls of the batch
/// belong to that trace if it is valid, else to one of their own.
/// </param>
public sealed record ClientInfo(string? Peer, string? TraceParent)
{
    /// <summary>Nothing is known.</summary>
    public static ClientInfo Unknown { get; } = new(null, null);
}
