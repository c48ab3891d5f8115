using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>
/// Tells callers of their batches as they change. It looks at the store once a second, so that what other gateways do is seen
/// as well, and what changes often costs no more than what changes once. Thread-safe.
/// </summary>
public sealed class BatchWatcher
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly IBatchStore _store;
    private readonly OwnerQuotas _quotas;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly BatchViews _views;
    private readonly BatchMetrics _metrics;
    private readonly BatchEngineOptions _options;
    private readonly TimeProvider _time;

    internal BatchWatcher(
        IBatchStore store,
        OwnerQuotas quotas,
        BatchFinder finder,
        BatchIds ids,
        BatchViews views,
        BatchMetrics metrics,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _store = store;
        _quotas = quotas;
        _finder = finder;
        _ids = ids;
        _views = views;
        _metrics = metrics;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Opens the stream that a call asks for.</summary>
    public Outcome<BatchFeed> Open(Caller caller, WatchBatchesRequest request)
    {
        if (request.Limit < 0)
        {
            return new Refusal.Invalid("limit", "must not be negative");
        }

        var lease = _quotas.OpenStream(caller.Owner);
        if (!lease.Succeeded)
        {
            return lease.Refusal;
        }

        var limit = Math.Min(request.Limit == 0 ? BatchReader.DefaultListLimit : request.Limit, _options.Limits.ListedBatches);
        return new BatchFeed(this, caller.Owner, limit, lease.Value, _metrics);
    }

    internal async IAsyncEnumerable<WatchBatchesResponse> ReadAsync(
        string owner, int limit, CancellationToken shutdown, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var told = new Dictionary<long, Batch>();
        var isFirst = true;
        var sent = _time.GetTimestamp();
        while (!shutdown.IsCancellationRequested)
        {
            var records = await _store.ListBatchesAsync(owner, long.MaxValue, limit, cancellationToken);
            foreach (var change in FindChanges(records, told, isFull: records.Count == limit))
            {
                sent = _time.GetTimestamp();
                yield return change;
            }

            if (isFirst || IsDue(sent))
            {
                isFirst = false;
                sent = _time.GetTimestamp();
                yield return new WatchBatchesResponse { Current = new WatchIsCurrent() };
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, shutdown);
            await Task.Delay(Interval, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        yield return new WatchBatchesResponse { End = new EndOfWatch() };
    }

    // From the oldest to the newest, so that whoever shows the newest first puts each in front.
    private IEnumerable<WatchBatchesResponse> FindChanges(
        IReadOnlyList<BatchRecord> records, Dictionary<long, Batch> told, bool isFull)
    {
        var there = records.Where(_finder.IsThere).ToArray();
        var keys = there.Select(record => record.Key).ToHashSet();
        foreach (var key in told.Keys.Where(key => !keys.Contains(key)).ToArray())
        {
            told.Remove(key);

            // Behind the last of a full list it may only be too old.
            if (!isFull || key > records[^1].Key)
            {
                yield return new WatchBatchesResponse { RemovedBatchId = _ids.OfBatch(key) };
            }
        }

        foreach (var record in there.Reverse())
        {
            var batch = _views.ToBatch(record);
            if (!told.TryGetValue(record.Key, out var before) || !before.Equals(batch))
            {
                told[record.Key] = batch;
                yield return new WatchBatchesResponse { Batch = batch };
            }
        }
    }

    private bool IsDue(long sent) =>
        _options.StreamHeartbeat > TimeSpan.Zero && _time.GetElapsedTime(sent) >= _options.StreamHeartbeat;
}
