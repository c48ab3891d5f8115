using Batching.Engine.Model;

namespace Batching.Engine.Telemetry;

/// <summary>Counts the results of a group until it is known that they are stored. Not thread-safe.</summary>
/// <param name="unrouted">For results of no upstream.</param>
internal sealed class ResultTally(UpstreamMetrics unrouted)
{
    private readonly Dictionary<(UpstreamMetrics Upstream, string? Error), long> _counts = [];

    /// <summary>Counts a result.</summary>
    /// <param name="upstream">Whose it is; null if that is not known.</param>
    /// <param name="reply">The result.</param>
    public void Add(UpstreamMetrics? upstream, UpstreamReply reply)
    {
        var key = (upstream ?? unrouted, UpstreamMetrics.ErrorOf(reply.Failure, reply.StatusCode));
        _counts[key] = _counts.GetValueOrDefault(key) + 1;
    }

    /// <summary>They are stored.</summary>
    public void Publish()
    {
        foreach (var ((upstream, error), count) in _counts)
        {
            upstream.CountResults("stored", error, count);
        }
    }
}
