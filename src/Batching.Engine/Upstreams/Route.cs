namespace Batching.Engine.Upstreams;

/// <summary>The target of a request.</summary>
/// <param name="Upstream">The API.</param>
/// <param name="PathAndQuery">Checked, and as it is sent behind the API's base address.</param>
internal readonly record struct Route(Upstream Upstream, string PathAndQuery)
{
    // The target was checked: it is sent as it is, not canonicalized into something else.
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The exact target.</summary>
    public Uri ToUri() => new(Upstream.BaseAddress + PathAndQuery, AsItIs);
}
