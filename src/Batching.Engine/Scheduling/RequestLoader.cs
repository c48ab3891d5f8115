using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Reads the requests of active batches from the store, a few at a time and no earlier than they are wanted, and puts
/// them into the queues of their upstreams. Fair like the queues themselves. Thread-safe.
/// </summary>
internal sealed class RequestLoader(
    RequestReader requests,
    UpstreamRouter router,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<RequestLoader> logger)
{
    // The next requests of a batch are loaded while so many of it still wait …
    private const int LowWater = 64;

    // … and so many at a time: what has waited for long has to be fetched from far away when its turn comes, by the
    // processor and by the garbage collector.
    private const int LoadedAtATime = 64;

    // What a waiting request takes beside its content: the message, the map of its header fields, the call.
    private const int Overhead = 1024;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // A share for each upstream: what waits for one that is dead or slow takes no room from the others.
    private readonly Dictionary<Upstream, WaitingShare> _shares = router.Upstreams.ToDictionary(
        upstream => upstream,
        _ => new WaitingShare(Math.Max(1, options.Value.Limits.WaitingBytes / router.Upstreams.Count)));

    private readonly FairQueue<ActiveBatch> _loads = new();

    /// <summary>Sees to it that the batch has requests waiting, if it has any left.</summary>
    public void Feed(ActiveBatch batch)
    {
        if (batch.TryBeginLoading(LowWater))
        {
            _loads.Enqueue(batch.Owner, batch.Key, batch);
        }
    }

    /// <summary>Takes a request whose turn it is; false if it is not to be run any more.</summary>
    public bool TryTake(QueuedRequest request)
    {
        var share = _shares[request.Call.Route.Upstream];
        share.Release(request.Bytes);
        LoadParked(share);
        var batch = request.Batch;
        var isTaken = batch.TryTakeFromQueue(request.Index, LowWater, out var needsMore);
        if (needsMore)
        {
            _loads.Enqueue(batch.Owner, batch.Key, batch);
        }

        return isTaken;
    }

    /// <summary>Loads until cancelled.</summary>
    /// <param name="runner">Runs what was loaded.</param>
    /// <param name="refuse">Ends a request whose path no upstream takes any more.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    public async Task RunAsync(
        RequestRunner runner, Func<ActiveBatch, int, ValueTask> refuse, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var batch = await _loads.DequeueAsync(cancellationToken);
            try
            {
                if (await TryLoadAsync(batch, runner, refuse, cancellationToken))
                {
                    Feed(batch);
                }
            }
            catch (StoreUnavailableException exception)
            {
                RequestLoaderLog.ReadFailed(logger, exception);
                await Task.Delay(RetryDelay, time, cancellationToken);
                batch.EndLoading(batch.NextToLoad);
                Feed(batch);
            }

            // This batch may have left the room to others that it was given.
            foreach (var share in _shares.Values)
            {
                LoadParked(share);
            }
        }
    }

    private void LoadParked(WaitingShare share)
    {
        if (share.TryUnpark(out var batch))
        {
            _loads.Enqueue(batch.Owner, batch.Key, batch);
        }
    }

    // False if the batch is parked, which goes on from there when there is room.
    private async Task<bool> TryLoadAsync(
        ActiveBatch batch,
        RequestRunner runner,
        Func<ActiveBatch, int, ValueTask> refuse,
        CancellationToken cancellationToken)
    {
        var next = batch.NextToLoad;
        var window = await requests.ReadAsync(batch.Key, next, cancellationToken);
        if (window is null)
        {
            // The batch was deleted.
            batch.EndLoading(int.MaxValue);
            return true;
        }

        var end = Math.Min(window.EndIndex, next + LoadedAtATime);
        for (var index = next; index < end; index++)
        {
            if (batch.IsTaken(index))
            {
                continue;
            }

            var request = window[index];
            var method = Methods.Find(request.Method);
            if (method is null || !router.TryRoute(request, out var route, out _))
            {
                await refuse(batch, index);
                continue;
            }

            var bytes = Overhead + window.SizeOf(index);
            batch.CountLoaded(index);
            if (!_shares[route.Upstream].TryTake(bytes, batch))
            {
                return false;
            }

            batch.CountWaiting();
            route.Upstream.Waiting.Enqueue(
                batch.Owner,
                batch.Key,
                new QueuedRequest(
                    batch,
                    index,
                    new UpstreamCall(route, method, request, batch.Authorization) { Origin = batch.Origin },
                    bytes,
                    runner));
        }

        batch.EndLoading(end);
        return true;
    }
}
