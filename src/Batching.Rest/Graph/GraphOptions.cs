using System.ComponentModel.DataAnnotations;

namespace Batching.Rest.Graph;

/// <summary>The configuration section <c>Batch:Dialects:Graph</c>: the JSON batches of OData, as Microsoft Graph has them.</summary>
internal sealed class GraphOptions
{
    /// <summary>Whether the gateway serves the batches of [Microsoft Graph and OData](graph.md).</summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// Path that the URLs of the requests are relative to, and below which <c>$batch</c> is: the base URL of the clients without
    /// its host. Segments of letters, digits, <c>-</c>, <c>.</c>, <c>_</c> and <c>~</c>, each with a slash before it; empty for
    /// the root.
    /// </summary>
    [RegularExpression(@"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*", ErrorMessage =
        "must be segments of letters, digits, '-', '.', '_' and '~', each with a slash before it, such as /v1.0.")]
    public string BasePath { get; set; } = "/v1.0";

    /// <summary>Requests in one batch. At most <c>Batch:Keyed:Calls</c>.</summary>
    [Range(1, 10_000)]
    public int MaxRequests { get; set; } = 20;
}
