using System.Collections.Concurrent;
using Batching.Engine.Committing;
using Batching.Engine.Delivery;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Runs what waits for the upstreams: as many workers for each as it takes requests at a time, each taking the next one
/// in fair order. Thread-safe.
/// </summary>
internal sealed class Scheduler(
    RequestLoader loader,
    UpstreamRouter router,
    GroupCommitter committer,
    BatchSignals signals,
    IOptions<BatchEngineOptions> options,
    TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _takeNoMore = new();
    private readonly CancellationTokenSource _abort = new(Timeout.InfiniteTimeSpan, time);
    private readonly ConcurrentDictionary<ActiveBatch, Task> _stopping = new();
    private readonly List<Task> _workers = [];

    /// <summary>Signalled when the gateway gives up the requests in flight.</summary>
    public CancellationToken Aborting => _abort.Token;

    /// <summary>Signalled when no more of what waits is begun.</summary>
    public CancellationToken Stopping => _takeNoMore.Token;

    /// <summary>Begins to run requests.</summary>
    public void Start()
    {
        foreach (var upstream in router.Upstreams)
        {
            for (var i = 0; i < upstream.MaxConcurrency; i++)
            {
                _workers.Add(Task.Run(() => WorkAsync(upstream)));
            }
        }
    }

    /// <summary>Begins to run the requests of a batch.</summary>
    public void Run(ActiveBatch batch)
    {
        batch.Grown = loader.Feed;
        batch.AtExpiry(time, () => Stop(batch, Failure.Expired));
        loader.Feed(batch);
    }

    /// <summary>
    /// Stops a batch: requests in flight are aborted, none is begun, and all that have no result yet get one that says
    /// why. Returns at once.
    /// </summary>
    public void Stop(ActiveBatch batch, Failure reason)
    {
        if (batch.TryStop(reason))
        {
            // Removed only after it was added, however fast it is done.
            var ending = Task.Run(() => EndUntakenAsync(batch, reason));
            _stopping[batch] = ending;
            _ = ending.ContinueWith(_ => _stopping.TryRemove(batch, out var _), TaskScheduler.Default);
        }
    }

    /// <summary>Ends a request whose path no upstream takes any more.</summary>
    public async ValueTask RefuseAsync(ActiveBatch batch, int index)
    {
        if (batch.TryTakeToRun(index))
        {
            await EndAsync(batch, index, Failure.NoUpstream);
        }
    }

    /// <summary>Takes no more requests, and gives those in flight the grace time from now.</summary>
    public async Task BeginStopAsync()
    {
        await _takeNoMore.CancelAsync();
        _abort.CancelAfter(options.Value.ShutdownGrace);
    }

    /// <summary>Gives up the requests in flight, whatever is left of the grace time.</summary>
    public void Abort() => _abort.Cancel();

    /// <summary>Waits for the requests in flight; what is left after the grace time is aborted.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAll(_workers);
        await _abort.CancelAsync();
        await Task.WhenAll(_stopping.Values);
    }

    public void Dispose()
    {
        _takeNoMore.Dispose();
        _abort.Dispose();
    }

    private async Task WorkAsync(Upstream upstream)
    {
        try
        {
            while (true)
            {
                // Which one is next is decided when there is a place for it: none is held here while it could be the turn
                // of another, and no deadline runs.
                await upstream.Waiting.WaitAsync(_takeNoMore.Token);
                await upstream.Places.EnterAsync(_takeNoMore.Token);
                await upstream.Waiting.Take().RunAsync();
                upstream.Places.Leave();
            }
        }
        catch (OperationCanceledException) when (_takeNoMore.IsCancellationRequested)
        {
        }
    }

    // Once more after each commit until the batch is done: a page that ended at the same moment may have brought more.
    private async Task EndUntakenAsync(ActiveBatch batch, Failure reason)
    {
        while (true)
        {
            using var watch = signals.Watch(batch.Key);
            if (batch.Record.DoneTime is not null || _abort.IsCancellationRequested)
            {
                return;
            }

            for (var index = 0; index < batch.Count && !_abort.IsCancellationRequested; index++)
            {
                if (batch.TryTake(index))
                {
                    await EndAsync(batch, index, reason);
                }
            }

            await watch.NextChange.WaitAsync(_abort.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private ValueTask EndAsync(ActiveBatch batch, int index, Failure reason) => committer.AddAsync(
        new FinishedRequest(batch, index, UpstreamReply.FromFailure(reason), time.GetUtcNow()));
}
