using System.Runtime.CompilerServices;
using Batching.Engine.Committing;
using Batching.Engine.Spawning;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>Runs one request of a stored batch: calls the API, and hands over what came of it. Thread-safe.</summary>
internal sealed class RequestRunner(
    RequestLoader loader,
    UpstreamRouter router,
    UpstreamCaller caller,
    Spawner spawner,
    GroupCommitter committer,
    StoreHealth health,
    TimeProvider time,
    ILogger<RequestRunner> logger)
{
    /// <summary>Runs a request whose turn it is, unless its batch was stopped meanwhile.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(QueuedRequest request)
    {
        if (health.TryPark(request) || (request.Origin is null && !request.IsTaken && !loader.TryTake(request)))
        {
            return;
        }

        var isStarted = false;
        if (request.MustNotRepeat && !request.Call.Request.Spawner && !request.Batch.Stopping.IsCancellationRequested)
        {
            isStarted = await TryRememberStartAsync(request);
            if (!isStarted)
            {
                // Whoever waits for the store holds neither this worker nor its place.
                health.Park(request with { IsTaken = true });
                return;
            }
        }

        request.Batch.CountBegun();
        var (reply, spawned) = await CallAsync(request, isStarted);
        var moreToCome = request.Batch.CountEnded();
        if (reply is null)
        {
            return;
        }

        var finished = new FinishedRequest(request.Batch, request.Index, reply, time.GetUtcNow())
        {
            Spawned = spawned,
            Origin = request.Origin,
            MustNotRepeat = isStarted,
        };
        await committer.AddAsync(finished, moreToCome, holdsPlace: true);
        foreach (var next in spawned)
        {
            await FollowAsync(request, next);
        }
    }

    // No reply if the request is left for the next start of the gateway.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(UpstreamReply? Reply, IReadOnlyList<SpawnedRequest> Spawned)> CallAsync(
        QueuedRequest request, bool isStarted)
    {
        try
        {
            request.Batch.Stopping.ThrowIfCancellationRequested();
            if (request.Call.Request.Spawner)
            {
                return (UpstreamReply.FromSpawner(), await spawner.BeginAsync(request));
            }

            var reply = await caller.CallAsync(request.Call, request.Batch.Stopping);
            return request.Call.Request.SpawnedBy.Length == 0 || request.Batch.StopReason != Failure.None
                ? (reply, [])
                : (reply, await spawner.ContinueAsync(request, reply));
        }
        catch (OperationCanceledException) when (request.Batch.Stopping.IsCancellationRequested)
        {
            var reason = request.Batch.StopReason;
            if (reason == Failure.None)
            {
                // The gateway stops. What is safe to send then is simply left for the next start.
                if (!isStarted)
                {
                    return (null, []);
                }

                reason = Failure.Interrupted;
            }

            return (UpstreamReply.FromFailure(reason, reason.Message()), []);
        }
        catch (Exception exception)
        {
            // A bug must cost one request its answer, not a worker its life.
            RequestRunnerLog.CallFailed(logger, exception);
            return (UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message()), []);
        }
    }

    // What was spawned is on its way to the store behind the request that spawned it, so that its result comes later.
    private async ValueTask FollowAsync(QueuedRequest request, SpawnedRequest next)
    {
        if (!next.RunsAtOnce)
        {
            return;
        }

        if (router.TryRoute(next.Definition, out var route, out var problem))
        {
            var call = request.Call with { Route = route, Request = next.Definition };
            route.Upstream.Waiting.Enqueue(
                request.Batch.Owner,
                request.Batch.Key,
                new QueuedRequest(request.Batch, -1, call, 0, this) { Origin = next });
            return;
        }

        var end = UpstreamReply.FromFailure(Failure.BadNextPage, $"The path of the page {problem.Message}.");
        await committer.AddAsync(
            new FinishedRequest(request.Batch, -1, end, time.GetUtcNow()) { Origin = next }, holdsPlace: true);
    }

    private async ValueTask<bool> TryRememberStartAsync(QueuedRequest request)
    {
        try
        {
            await committer.WriteAsync(new StoreWrite.Start(request.Batch.Key, [request.Index]));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }
}
