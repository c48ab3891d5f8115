using System.Diagnostics.Metrics;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Telemetry;

/// <summary>
/// The numbers that an operator can watch: the instruments of the meter <c>Batching</c>. No tag tells of an owner, a path or an id, so
/// that there are as many series as the configuration has upstreams and quotas. Thread-safe.
/// </summary>
public sealed class BatchMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Batching";

    private const string UpstreamTag = "upstream";

    // In seconds: a flush of a fast disk, and a disk that is about to fail.
    private static readonly InstrumentAdvice<double> CommitTimes = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    };

    // In seconds: a request that is sent at once, and one of a batch that takes all of its hour.
    private static readonly InstrumentAdvice<double> WaitTimes = new()
    {
        HistogramBucketBoundaries = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60, 300, 900, 3600],
    };

    private static readonly InstrumentAdvice<long> CommitSizes = new()
    {
        HistogramBucketBoundaries = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24],
    };

    private static readonly InstrumentAdvice<long> CommitCounts = new()
    {
        HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500],
    };

    private readonly Meter _meter;
    private readonly Counter<long> _refusals;
    private readonly Histogram<double> _commits;
    private readonly Histogram<long> _commitSizes;
    private readonly Histogram<long> _commitCounts;
    private readonly ObservableInstrument<long> _batches;
    private readonly ObservableInstrument<long> _storeSize;
    private readonly Counter<long> _webhooks;
    private readonly ObservableInstrument<long> _waitingWebhooks;
    private long? _waiting;
    private volatile StoreTotals? _store;
    private int _readers;

    public BatchMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _refusals = _meter.CreateCounter<long>(
            "batching.quota.refusals", "{call}", "Calls refused because a quota of their owner was used up.");
        Results = _meter.CreateCounter<long>(
            "batching.results", "{result}", "Requests that have come to their result.");
        Pauses = _meter.CreateCounter<long>(
            "batching.upstream.pauses", "{pause}", "Pauses that an upstream has asked for.");
        Coalesced = _meter.CreateCounter<long>(
            "batching.upstream.coalesced", "{request}", "Requests that got the answer to the call of another one with the same request.");
        Waits = _meter.CreateHistogram(
            "batching.request.queue.duration",
            "s",
            "The time from when a request was submitted or spawned until it is begun.",
            tags: null,
            WaitTimes);
        _commits = _meter.CreateHistogram(
            "batching.commit.duration", "s", "The time that the store took for a group of changes.", tags: null, CommitTimes);
        _commitSizes = _meter.CreateHistogram(
            "batching.commit.size", "By", "Bytes of requests and results in a group of changes.", tags: null, CommitSizes);
        _commitCounts = _meter.CreateHistogram(
            "batching.commit.changes", "{change}", "Results and other changes in a group.", tags: null, CommitCounts);
        _meter.CreateObservableUpDownCounter(
            "batching.stream.readers", () => Volatile.Read(ref _readers), "{reader}", "Streams of results that are open.");
        _batches = _meter.CreateObservableUpDownCounter(
            "batching.batches", ObserveBatches, "{batch}", "Batches in the store.");
        _storeSize = _meter.CreateObservableUpDownCounter(
            "batching.store.size", ObserveStoreSize, "By", "Bytes of the store.");
        _meter.CreateObservableUpDownCounter(
            "batching.store.limit", ObserveStoreLimit, "By", "Bytes that the store may grow to.");
        _webhooks = _meter.CreateCounter<long>(
            "batching.webhook.attempts", "{attempt}", "Attempts to send messages of webhooks.");
        _waitingWebhooks = _meter.CreateObservableUpDownCounter(
            "batching.webhook.waiting", ObserveWaiting, "{message}", "Messages of webhooks that wait to be delivered.");
        Unrouted = new UpstreamMetrics(this, default);
    }

    /// <summary>Whether anybody wants to know what is in the store.</summary>
    internal bool ObservesStore => _batches.Enabled || _storeSize.Enabled || _waitingWebhooks.Enabled;

    /// <summary>Whether anybody measures commits.</summary>
    internal bool MeasuresCommits => _commits.Enabled || _commitSizes.Enabled || _commitCounts.Enabled;

    /// <summary>Whether anybody counts results.</summary>
    internal bool CountsResults => Results.Enabled;

    /// <summary>For requests of which it is not known any more which upstream they were for.</summary>
    internal UpstreamMetrics Unrouted { get; }

    /// <summary>The content of the store in numbers; null if that is not known.</summary>
    internal StoreTotals? Store
    {
        set => _store = value;
    }

    /// <summary>Messages of webhooks that wait; null if that is not known.</summary>
    internal long? WaitingWebhooks
    {
        set
        {
            lock (_webhooks)
            {
                _waiting = value;
            }
        }
    }

    internal Counter<long> Results { get; }

    internal Counter<long> Pauses { get; }

    internal Counter<long> Coalesced { get; }

    internal Histogram<double> Waits { get; }

    /// <summary>The numbers of one upstream.</summary>
    /// <param name="upstream">Its name: the prefix of its paths.</param>
    internal UpstreamMetrics Of(string upstream) => new(this, new(UpstreamTag, upstream));

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

    /// <summary>Counts an attempt to send a message of a webhook.</summary>
    /// <param name="state">The state of the message afterwards.</param>
    internal void CountWebhook(WebhookState state) => _webhooks.Add(1, new KeyValuePair<string, object?>("outcome", state switch
    {
        WebhookState.Delivered => "delivered",
        WebhookState.GivenUp => "given_up",
        _ => "failed",
    }));

    /// <summary>Counts a group of changes that was committed.</summary>
    internal void CountCommit(TimeSpan duration, int changes, long bytes)
    {
        _commits.Record(duration.TotalSeconds);
        _commitCounts.Record(changes);
        _commitSizes.Record(bytes);
    }

    /// <summary>Counts a stream of results that was opened, or closed.</summary>
    internal void CountReader(int change) => Interlocked.Add(ref _readers, change);

    private static IEnumerable<Measurement<int>> Observe(
        Func<IEnumerable<UpstreamLoad>> read, Func<UpstreamLoad, int> value) =>
        read().Select(upstream => new Measurement<int>(
            value(upstream), new KeyValuePair<string, object?>(UpstreamTag, upstream.Upstream)));

    private IEnumerable<Measurement<long>> ObserveBatches() => _store is not { } store ? [] :
    [
        InState(store.Running, "running"),
        InState(store.Done, "done"),
        InState(store.Cancelled, "cancelled"),
        InState(store.Expired, "expired"),
    ];

    private IEnumerable<Measurement<long>> ObserveStoreSize() => _store is not { } store ? [] :
    [
        InState(store.UsedBytes, "used"),
        InState(store.FreeBytes, "free"),
    ];

    private IEnumerable<Measurement<long>> ObserveStoreLimit() =>
        _store is { MaxBytes: { } bytes } ? [new Measurement<long>(bytes)] : [];

    private IEnumerable<Measurement<long>> ObserveWaiting()
    {
        lock (_webhooks)
        {
            return _waiting is { } waiting ? [new Measurement<long>(waiting)] : [];
        }
    }

    private static Measurement<long> InState(long value, string state) =>
        new(value, new KeyValuePair<string, object?>("state", state));
}
