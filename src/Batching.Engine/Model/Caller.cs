namespace Batching.Engine.Model;

/// <summary>The one who makes a call.</summary>
/// <param name="Owner">Whose batches the caller may see: an opaque text, the same for the same credential.</param>
/// <param name="Authorization">The credential to send to the upstream, if any.</param>
public sealed record Caller(string Owner, string? Authorization)
{
    /// <summary>Whether nothing is known of the caller.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>The origin of the call.</summary>
    public ClientInfo Client { get; init; } = ClientInfo.Unknown;
}
