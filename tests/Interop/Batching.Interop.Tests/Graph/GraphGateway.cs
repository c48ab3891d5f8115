namespace Batching.Interop.Tests.Graph;

/// <summary>A gateway that speaks as Microsoft Graph, in front of one API.</summary>
internal sealed class GraphGateway(string upstream) : ServerProcess
{
    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["Batch__Upstreams__0__BaseAddress"] = upstream,
        ["Batch__Dialects__Graph__Enabled"] = "true",

        // The API that is busy for one request is not for the others.
        ["Batch__Upstreams__0__MaxPause"] = "00:00:00",
    };
}
