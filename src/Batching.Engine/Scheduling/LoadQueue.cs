using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Scheduling;

/// <summary>
/// The batches whose next requests are to be loaded, no earlier than they are wanted, and the room for requests that wait. Fair
/// like the queues of the upstreams. Thread-safe.
/// </summary>
internal sealed class LoadQueue : ICommitSubscriber
{
    // The next requests of a batch are loaded while so many of it still wait, as far as there is room for them.
    private const int LowWater = 64;

    // A share for each upstream: what waits for one that is dead or slow takes no room from the others.
    private readonly Dictionary<Upstream, WaitingShare> _shares;
    private readonly LoadTurns<ActiveBatch> _loads = new();
    private readonly BatchIds _ids;

    public LoadQueue(UpstreamRouter router, CommitPublisher publisher, BatchIds ids, IOptions<BatchEngineOptions> options)
    {
        _ids = ids;
        var bytes = Math.Max(1, options.Value.Limits.WaitingBytes / Math.Max(1, router.Upstreams.Count));
        _shares = router.Upstreams.ToDictionary(upstream => upstream, upstream => new WaitingShare(bytes, upstream.Options.MaxConcurrency));
        publisher.Subscribe(this);
    }

    /// <summary>Called when this gateway is about to run out of requests of a batch that others run, too. Must be quick.</summary>
    public Action? WhenLow { get; set; }

    /// <summary>Sees to it that a batch has requests waiting, if it has any left.</summary>
    public void RequestMore(ActiveBatch batch)
    {
        if (batch.Loading.TryBegin(batch.Record.Total, LowWater))
        {
            Enqueue(batch);
        }
    }

    /// <summary>Takes the next batch, or waits for one. Its loading has begun, and is to be ended.</summary>
    public ValueTask<ActiveBatch> DequeueAsync(CancellationToken cancellationToken) => _loads.DequeueAsync(cancellationToken);

    /// <summary>Reserves room for a request that is to wait. False if its batch waits for room instead.</summary>
    public bool TryReserve(Upstream upstream, long bytes, ActiveBatch batch) => _shares[upstream].TryReserve(bytes, batch);

    /// <summary>Claims a request whose turn it is; false if it is not to be run any more.</summary>
    public bool TryClaim(QueuedRequest request)
    {
        var batch = request.Batch;
        var share = _shares[request.Call.Route.Upstream];
        share.Release(request.Bytes, batch);
        LoadParked(share, hasLoaded: false);
        var needsMore = batch.Loading.RemoveWaiting(batch.Record.Total, LowWater);
        var isClaimed = batch.TryClaimToRun(request.Index);
        if (needsMore)
        {
            Enqueue(batch);
        }

        if (batch.Runs is { IsLow: true })
        {
            WhenLow?.Invoke();
        }

        return isClaimed;
    }

    /// <summary>Goes on with batches that wait for room, where there is some, after one was loaded.</summary>
    public void LoadParked()
    {
        foreach (var share in _shares.Values)
        {
            LoadParked(share, hasLoaded: true);
        }
    }

    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (batch is null || write is not StoreWrite.AppendResults append)
        {
            return;
        }

        if (batch.Dependencies is { } dependencies && batch.StopReason == Failure.None)
        {
            Note(dependencies, append);
            if (dependencies.IsRunning)
            {
                RequestMore(batch);
            }
        }
        else if (append.Spawned.Count > 0)
        {
            RequestMore(batch);
        }
    }

    // What is committed may be what others wait for. Pages come first: else a query would be over between two of them.
    private void Note(DependencyGraph dependencies, StoreWrite.AppendResults append)
    {
        if (dependencies.HasQueries)
        {
            foreach (var window in append.Spawned)
            {
                for (var index = window.FirstIndex; index < window.EndIndex; index++)
                {
                    if (_ids.TryParseRequest(window[index].SpawnedBy, append.Batch, out var spawner))
                    {
                        dependencies.AddPage(index, spawner);
                    }
                }
            }
        }

        foreach (var segment in append.Segments)
        {
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                var entry = segment[position];
                dependencies.Complete(entry.Index, entry.Failed, position);
            }
        }
    }

    private void LoadParked(WaitingShare share, bool hasLoaded)
    {
        if (share.TryUnpark(out var batch, hasLoaded))
        {
            Enqueue(batch);
        }
    }

    private void Enqueue(ActiveBatch batch) => _loads.Enqueue(batch.Owner, batch.Key, batch, batch.Priority);
}
