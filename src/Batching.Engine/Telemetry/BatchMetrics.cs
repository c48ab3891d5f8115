using System.Diagnostics.Metrics;
using Batching.Engine.Model;

namespace Batching.Engine.Telemetry;

/// <summary>The numbers that an operator can watch: the instruments of the meter <c>Batching</c>. Thread-safe.</summary>
public sealed class BatchMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Batching";

    private readonly Meter _meter;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _results;
    private readonly Histogram<double> _commits;

    public BatchMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _refusals = _meter.CreateCounter<long>(
            "batching.quota.refusals", "{call}", "Calls refused because a quota of their owner was used up.");
        _results = _meter.CreateCounter<long>(
            "batching.results", "{result}", "Results stored, by outcome: answered, or failed (status 400 and above).");
        _commits = _meter.CreateHistogram<double>(
            "batching.commit.duration", "s", "How long the store took for a group of changes.");
    }

    /// <summary>Shows how much the upstreams have to do. To be called once.</summary>
    /// <param name="read">Tells it for each of them.</param>
    internal void ObserveUpstreams(Func<IEnumerable<UpstreamLoad>> read)
    {
        _meter.CreateObservableUpDownCounter(
            "batching.upstream.waiting",
            () => Observe(read, upstream => upstream.Waiting),
            "{request}",
            "Requests that wait in memory for their upstream.");
        _meter.CreateObservableUpDownCounter(
            "batching.upstream.in_flight",
            () => Observe(read, upstream => upstream.InFlight),
            "{request}",
            "Requests under way to their upstream.");
        _meter.CreateObservableUpDownCounter(
            "batching.upstream.limit",
            () => Observe(read, upstream => upstream.Limit),
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

    private static IEnumerable<Measurement<int>> Observe(
        Func<IEnumerable<UpstreamLoad>> read, Func<UpstreamLoad, int> value) =>
        read().Select(upstream => new Measurement<int>(
            value(upstream), new KeyValuePair<string, object?>("upstream", upstream.Upstream)));
}
