using System.Collections.Concurrent;
using Batching.Engine.Committing;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Runs the requests of active batches: as many workers for each upstream as it takes requests at a time, each taking
/// the next request in fair order, calling the API, and handing over what came of it. Thread-safe.
/// </summary>
internal sealed class Scheduler(
    RequestLoader loader,
    UpstreamRouter router,
    UpstreamCaller caller,
    GroupCommitter committer,
    IOptions<BatchEngineOptions> options,
    TimeProvider time,
    ILogger<Scheduler> logger) : IDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _takeNoMore = new();
    private readonly CancellationTokenSource _abort = new(Timeout.InfiniteTimeSpan, time);
    private readonly ConcurrentDictionary<ActiveBatch, Task> _stopping = new();
    private readonly List<Task> _workers = [];

    /// <summary>Signalled when the gateway gives up the requests in flight.</summary>
    public CancellationToken Aborting => _abort.Token;

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
    public void Run(ActiveBatch batch) => loader.Feed(batch);

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
                var request = await upstream.Waiting.DequeueAsync(_takeNoMore.Token);
                loader.Dequeued(request);
                if (request.Batch.TryTakeToRun(request.Index))
                {
                    await RunAsync(request);
                }
            }
        }
        catch (OperationCanceledException) when (_takeNoMore.IsCancellationRequested)
        {
        }
    }

    private async Task RunAsync(QueuedRequest request)
    {
        var batch = request.Batch;
        UpstreamReply reply;
        try
        {
            if (request.MustNotRepeat)
            {
                await RememberStartAsync(request);
            }

            reply = await caller.CallAsync(request.Call, batch.Stopping);
        }
        catch (OperationCanceledException) when (batch.Stopping.IsCancellationRequested)
        {
            var reason = batch.StopReason;
            if (reason == Failure.None)
            {
                // The gateway stops. What is safe to repeat is simply left for the next start.
                if (!request.MustNotRepeat)
                {
                    return;
                }

                reason = Failure.Interrupted;
            }

            reply = UpstreamReply.FromFailure(reason, reason.Message());
        }
        // A bug must cost one request its answer, not a worker its life.
        catch (Exception exception)
        {
            SchedulerLog.CallFailed(logger, exception);
            reply = UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message());
        }

        await committer.AddAsync(new FinishedRequest(batch, request.Index, reply, time.GetUtcNow()));
    }

    private async Task RememberStartAsync(QueuedRequest request)
    {
        while (true)
        {
            try
            {
                await committer.WriteAsync(new StoreWrite.Start(request.Batch.Key, [request.Index]));
                request.Batch.Stopping.ThrowIfCancellationRequested();
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(RetryDelay, time, request.Batch.Stopping);
            }
        }
    }

    private async Task EndUntakenAsync(ActiveBatch batch, Failure reason)
    {
        for (var index = 0; index < batch.Record.Total && !_abort.IsCancellationRequested; index++)
        {
            if (batch.TryTake(index))
            {
                await EndAsync(batch, index, reason);
            }
        }
    }

    private ValueTask EndAsync(ActiveBatch batch, int index, Failure reason) => committer.AddAsync(
        new FinishedRequest(batch, index, UpstreamReply.FromFailure(reason, reason.Message()), time.GetUtcNow()));
}
