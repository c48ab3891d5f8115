using System.Diagnostics.Metrics;
using Batching.Engine.Upstreams;

namespace Batching.Engine;

/// <summary>What an operator can watch: the instruments of the meter <c>Batching</c>. Thread-safe.</summary>
public sealed class BatchMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Batching";

    private readonly Counter<long> _refusals;
    private readonly Counter<long> _results;
    private readonly Histogram<double> _commits;

    internal BatchMetrics(IMeterFactory meters, UpstreamRouter router)
    {
        var meter = meters.Create(MeterName);
        _refusals = meter.CreateCounter<long>(
            "batching.quota.refusals", "{call}", "Calls refused because a quota of their owner was used up.");
        _results = meter.CreateCounter<long>(
            "batching.results", "{result}", "Results stored, by outcome: answered, or failed (status 400 and above).");
        _commits = meter.CreateHistogram<double>(
            "batching.commit.duration", "s", "How long the store took for a group of changes.");
        meter.CreateObservableUpDownCounter(
            "batching.upstream.waiting",
            () => Observe(router, upstream => upstream.Waiting.Count),
            "{request}",
            "Requests that wait in memory for their upstream.");
        meter.CreateObservableUpDownCounter(
            "batching.upstream.in_flight",
            () => Observe(router, upstream => upstream.Places.InFlight),
            "{request}",
            "Requests under way to their upstream.");
        meter.CreateObservableUpDownCounter(
            "batching.upstream.limit",
            () => Observe(router, upstream => upstream.Places.Limit),
            "{request}",
            "How many requests the upstream gets at a time at the moment.");
    }

    /// <summary>Counts a call that was refused for its owner's quota.</summary>
    public void CountRefusal(Refusal.Exhausted refusal) =>
        _refusals.Add(1, new KeyValuePair<string, object?>("limit", refusal.Limit));

    internal void CountCommit(TimeSpan duration) => _commits.Record(duration.TotalSeconds);

    internal void CountResults(int answered, int failed)
    {
        if (answered > 0)
        {
            _results.Add(answered, new KeyValuePair<string, object?>("outcome", "answered"));
        }

        if (failed > 0)
        {
            _results.Add(failed, new KeyValuePair<string, object?>("outcome", "failed"));
        }
    }

    private static IEnumerable<Measurement<int>> Observe(UpstreamRouter router, Func<Upstream, int> read) =>
        router.Upstreams.Select(upstream => new Measurement<int>(
            read(upstream), new KeyValuePair<string, object?>("upstream", upstream.Prefix + "/")));
}
