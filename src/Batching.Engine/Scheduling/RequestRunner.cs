using System.Diagnostics;
using System.Runtime.CompilerServices;
using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Spawning;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>Runs one request of a stored batch: calls the API, and hands over what came of it. Thread-safe.</summary>
internal sealed class RequestRunner(
    LoadQueue loads,
    CallQueues queues,
    UpstreamRouter router,
    UpstreamCaller caller,
    Spawner spawner,
    GroupCommitter committer,
    StoreHealth health,
    BatchIds ids,
    TimeProvider time,
    ILogger<RequestRunner> logger)
{
    /// <summary>Puts a request into the queue of its upstream, behind the others of its batch.</summary>
    public void Enqueue(QueuedRequest request) =>
        queues.Of(request.Call.Route.Upstream).Enqueue(
            request.Batch.Owner, request.Batch.Key, request, request.Batch.Priority);

    /// <summary>Runs a request whose turn it is, unless its batch was stopped meanwhile.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RunAsync(QueuedRequest request, ICallPlace place)
    {
        if (health.TryPark(request) || (request.SpawnedFrom is null && !request.IsClaimed && !loads.TryClaim(request)))
        {
            return;
        }

        var isStarted = false;
        if (request.Call.MustNotRepeat && !request.Call.Request.Spawner && !request.Batch.Stopping.IsCancellationRequested)
        {
            isStarted = await TryRememberStartAsync(request);
            if (!isStarted)
            {
                // Whoever waits for the store holds neither this worker nor its place.
                health.Park(request with { IsClaimed = true });
                return;
            }
        }

        request.Batch.CountBegun();
        var upstream = request.Call.Route.Upstream;
        if (upstream.Metrics is { MeasuresWaits: true } metrics)
        {
            metrics.CountWait(time.GetUtcNow() - request.CreateTime);
        }

        var activity = StartActivity(request);
        var (reply, spawned) = await CallAsync(request, place, isStarted);
        EndActivity(activity, request, reply);
        var moreToCome = request.Batch.CountEnded()
            && request.Batch.Dependencies?.HasDependents(request.Index) != true;
        if (reply is null)
        {
            return;
        }

        var finished = new FinishedRequest(request.Batch, request.Index, reply, time.GetUtcNow())
        {
            Spawned = spawned.Requests,
            Lease = spawned.Lease,
            SpawnedFrom = request.SpawnedFrom,
            MustNotRepeat = isStarted,
            Upstream = upstream.Metrics,
        };
        await committer.AddAsync(finished, moreToCome, holdsPlace: true);
        foreach (var next in spawned.Requests)
        {
            await FollowAsync(request, next, activity);
        }
    }

    // No reply if the request is left for the next start of the gateway.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(UpstreamReply? Reply, Spawned Spawned)> CallAsync(
        QueuedRequest request, ICallPlace place, bool isStarted)
    {
        try
        {
            request.Batch.Stopping.ThrowIfCancellationRequested();
            if (request.Call.Request.Spawner)
            {
                return (UpstreamReply.FromSpawner(), await spawner.BeginAsync(request.Batch, request.Index, request.Call));
            }

            var reply = await caller.CallAsync(request.Call, place, request.Batch.Stopping);
            try
            {
                if (request.Call.Request.SpawnedBy.Length == 0 || request.Batch.StopReason != Failure.None)
                {
                    return (reply, Spawned.None);
                }

                var spawned = await spawner.ContinueAsync(request.Batch, request.Call, reply);
                if (spawned.Instead is null)
                {
                    return (reply, spawned);
                }

                reply.Dispose();
                return (spawned.Instead, spawned);
            }
            catch
            {
                reply.Dispose();
                throw;
            }
        }
        catch (OperationCanceledException) when (request.Batch.Stopping.IsCancellationRequested)
        {
            var reason = request.Batch.StopReason;
            if (reason == Failure.None)
            {
                // The gateway stops. What is safe to send then is simply left for the next start.
                if (!isStarted)
                {
                    return (null, Spawned.None);
                }

                reason = Failure.Interrupted;
            }

            return (UpstreamReply.FromFailure(reason, reason.Message()), Spawned.None);
        }
        catch (Exception exception)
        {
            // A bug must cost one request its answer, not a worker its life.
            using var scope = ids.BeginScope(logger, request.Batch.Record, request.StoredIndex);
            RequestRunnerLog.CallFailed(logger, exception);
            return (UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message()), Spawned.None);
        }
    }

    // What was spawned is on its way to the store behind the request that spawned it, so that its result comes later.
    private async ValueTask FollowAsync(QueuedRequest request, SpawnedRequest next, Activity? cause)
    {
        if (next.Definition is not { } definition)
        {
            return;
        }

        if (router.TryRoute(definition, out var route, out var problem))
        {
            var call = request.Call with { Route = route, Request = definition };
            Enqueue(new QueuedRequest(request.Batch, -1, call, 0, this)
            {
                SpawnedFrom = next,
                Cause = cause,
            });
            return;
        }

        var end = UpstreamReply.FromFailure(Failure.BadNextPage, $"The path of the page {problem.Message}.");
        await committer.AddAsync(
            new FinishedRequest(request.Batch, -1, end, time.GetUtcNow())
            {
                SpawnedFrom = next,
                Upstream = request.Call.Route.Upstream.Metrics,
            },
            holdsPlace: true);
    }

    private Activity? StartActivity(QueuedRequest request)
    {
        var batch = request.Batch;
        if (batch.Forwarded.Submission == default)
        {
            return null;
        }

        var spawnedBy = request.Call.Request.SpawnedBy;
        var activity = BatchActivities.StartRequest(
            batch.Forwarded.Submission,
            request.Cause?.Context ?? (spawnedBy.Length > 0 ? batch.FindSpawnerSpan(spawnedBy) : default),
            request.Call.Route.Upstream.Name);
        if (activity is not null)
        {
            activity.SetTag(BatchActivities.BatchId, ids.OfBatch(batch.Key));
            if (request.Call.Request.Spawner)
            {
                batch.AddSpawnerSpan(ids.OfRequest(batch.Record, request.Index), activity.Context);
            }
        }

        return activity;
    }

    // A page that is sent before it is stored gets its id while it is under way.
    private void EndActivity(Activity? activity, QueuedRequest request, UpstreamReply? reply)
    {
        if (activity is null)
        {
            return;
        }

        if (ids.FindRequest(request.Batch.Record, request.StoredIndex) is { } id)
        {
            activity.SetTag(BatchActivities.RequestId, id);
        }

        activity.End(reply);
    }

    private async ValueTask<bool> TryRememberStartAsync(QueuedRequest request)
    {
        try
        {
            await committer.WriteAsync(new StoreWrite.MarkStarted(request.Batch.Key, [request.Index]));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }
}
