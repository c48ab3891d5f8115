using System.Collections.Concurrent;
using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Begins and ends the work: of the whole gateway, and of each batch. Thread-safe.
/// </summary>
internal sealed class Scheduler : ICommitSubscriber, IDisposable
{
    private readonly ActiveBatches _activeBatches;
    private readonly LoadQueue _loads;
    private readonly CallQueues _queues;
    private readonly RequestEnder _ender;
    private readonly ChangeNotifier _changes;
    private readonly BatchEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _takeNoMore = new();
    private readonly CancellationTokenSource _abort;
    private readonly ConcurrentDictionary<ActiveBatch, Task> _stopping = new();

    public Scheduler(
        ActiveBatches activeBatches,
        LoadQueue loads,
        CallQueues queues,
        RequestEnder ender,
        ChangeNotifier changes,
        CommitPublisher publisher,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _activeBatches = activeBatches;
        _loads = loads;
        _queues = queues;
        _ender = ender;
        _changes = changes;
        _options = options.Value;
        _time = time;
        _abort = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        publisher.Subscribe(this);
    }

    /// <summary>Signalled when the gateway gives up the requests in flight.</summary>
    public CancellationToken Aborting => _abort.Token;

    /// <summary>Signalled when no more of what waits is begun.</summary>
    public CancellationToken Stopping => _takeNoMore.Token;

    /// <summary>Begins to run requests.</summary>
    public void Start()
    {
        foreach (var queue in _queues.All)
        {
            queue.Open();
        }
    }

    /// <summary>Begins to run the requests of a batch.</summary>
    public void Run(ActiveBatch batch)
    {
        var reason = batch.Record.StopTime < batch.Record.ExpireTime ? Failure.BatchDeadline : Failure.Expired;
        batch.Stop.At(batch.Record.StopTime, _time, () => Stop(batch, reason));
        batch.Dependencies?.Run();
        _loads.RequestMore(batch);
    }

    /// <summary>Goes on with a batch of which this gateway holds more requests than before.</summary>
    public void LoadMore(ActiveBatch batch)
    {
        _loads.RequestMore(batch);

        // Whoever ends those of one that is stopped waits for them.
        _changes.Notify(batch.Key);
    }

    /// <summary>
    /// Stops a batch: requests in flight are aborted, none is begun, and all that have no result yet get one that says
    /// why. Returns at once.
    /// </summary>
    public void Stop(ActiveBatch batch, Failure reason)
    {
        if (batch.Stop.TryStop(reason))
        {
            // Removed only after it was added, however fast it is done.
            var ending = Task.Run(() => EndUnclaimedAsync(batch, reason));
            _stopping[batch] = ending;
            _ = ending.ContinueWith(_ => _stopping.TryRemove(batch, out var _), TaskScheduler.Default);
        }
    }

    /// <summary>A batch that is deleted runs no longer.</summary>
    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (write is StoreWrite.Delete && _activeBatches.TryGet(write.BatchKey, out var deleted))
        {
            Stop(deleted, Failure.Cancelled);
        }
    }

    /// <summary>Takes no more requests, and gives those in flight the grace time from now.</summary>
    public async Task BeginStopAsync()
    {
        foreach (var queue in _queues.All)
        {
            queue.Close();
        }

        await _takeNoMore.CancelAsync();
        _abort.CancelAfter(_options.ShutdownGrace);
    }

    /// <summary>Gives up the requests in flight, whatever is left of the grace time.</summary>
    public void Abort() => _abort.Cancel();

    /// <summary>Waits for the requests in flight; what is left after the grace time is aborted.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAll(_queues.All.Select(queue => queue.Ended));
        await _abort.CancelAsync();
        await Task.WhenAll(_stopping.Values);
    }

    public void Dispose()
    {
        _takeNoMore.Dispose();
        _abort.Dispose();
    }

    // Once more after each commit until the batch is done: a page that ended at the same moment may have brought more.
    private async Task EndUnclaimedAsync(ActiveBatch batch, Failure reason)
    {
        while (true)
        {
            using var watch = _changes.Watch(batch.Key);
            if (batch.Record.DoneTime is not null || _abort.IsCancellationRequested)
            {
                return;
            }

            if (batch.Record.IsOpen)
            {
                await _ender.SealAsync(batch);
            }

            for (var index = 0; index < batch.Requests.Count && !_abort.IsCancellationRequested; index++)
            {
                if (batch.Requests.TryClaim(index))
                {
                    await _ender.EndAsync(batch, index, reason);
                }
            }

            await watch.NextChange.WaitAsync(_abort.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
