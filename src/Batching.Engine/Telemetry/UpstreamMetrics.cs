using System.Diagnostics;
using Batching.Engine.Model;

namespace Batching.Engine.Telemetry;

/// <summary>The numbers of one upstream, with its tag at hand. Thread-safe.</summary>
internal sealed class UpstreamMetrics
{
    private readonly BatchMetrics _all;
    private readonly KeyValuePair<string, object?> _upstream;

    /// <param name="all">The instruments.</param>
    /// <param name="upstream">The tag; the default for none.</param>
    public UpstreamMetrics(BatchMetrics all, KeyValuePair<string, object?> upstream)
    {
        _all = all;
        _upstream = upstream;
    }

    /// <summary>Whether anybody wants to know how long requests wait.</summary>
    public bool MeasuresWaits => _all.Waits.Enabled;

    /// <summary>Whether anybody counts results.</summary>
    public bool CountsResults => _all.CountsResults;

    /// <summary>Counts a request that is begun.</summary>
    /// <param name="wait">How long it has waited; by the clock of the machine, which may have been set back.</param>
    public void CountWait(TimeSpan wait) => _all.Waits.Record(Math.Max(0, wait.TotalSeconds), _upstream);

    /// <summary>Counts a pause.</summary>
    /// <param name="scope">Whom it is for: <c>owner</c> or <c>upstream</c>.</param>
    public void CountPause(string scope) => _all.Pauses.Add(1, _upstream, new("scope", scope));

    /// <summary>Counts a request that got the answer to the call of another one.</summary>
    public void CountCoalesced() => _all.Coalesced.Add(1, _upstream);

    /// <summary>Counts results.</summary>
    /// <param name="kind">The kind of their batches: <c>stored</c> or <c>keyed</c>.</param>
    /// <param name="error">Why they failed, see <see cref="ErrorOf"/>; null if they did not.</param>
    /// <param name="count">How many.</param>
    public void CountResults(string kind, string? error, long count)
    {
        var tags = new TagList { new("kind", kind), new("outcome", error is null ? "answered" : "failed") };
        if (_upstream.Key is not null)
        {
            tags.Add(_upstream);
        }

        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        _all.Results.Add(count, tags);
    }

    /// <summary>The reason why a result counts as failed: the reason of the failure, or the class of the status; null if it did not.</summary>
    public static string? ErrorOf(Failure failure, int statusCode) =>
        failure != Failure.None ? failure.Reason()
        : statusCode >= 500 ? "5xx"
        : statusCode >= 400 ? "4xx"
        : null;
}
