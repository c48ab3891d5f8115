using Batching.V1;

namespace Batching.Engine.Upstreams;

/// <summary>One call to an API.</summary>
/// <param name="Route">Where it goes.</param>
/// <param name="Method">One of <see cref="Methods"/>.</param>
/// <param name="Request">Its header fields and body.</param>
/// <param name="Authorization">The caller's credential, the value of an <c>Authorization</c> field.</param>
internal sealed record UpstreamCall(Route Route, HttpMethod Method, Request Request, string? Authorization)
{
    /// <summary>The deadline of this call, where that of its upstream is not shorter; null for that of the upstream.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What the API is told about where the call comes from; null for nothing.</summary>
    public OriginFields? Origin { get; init; }
}
