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
/// <remarks>Longer than other files: each way in which a request runs, and ends, is beside the others.</remarks>
internal sealed class RequestRunner(
    LoadQueue loads,
    CallQueues queues,
    UpstreamRouter router,
    UpstreamCaller caller,
    Spawner spawner,
    ForEachFanOut forEach,
    ChangeNotifier changes,
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

        if (request.Call.Request.ForEach is not null)
        {
            await RunForEachAsync(request);
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

    // Each turn makes a group of requests, which is stored without a result until the last one is.
    private async ValueTask RunForEachAsync(QueuedRequest request)
    {
        var batch = request.Batch;

        // From before it is looked for elements, so that none comes unseen.
        var watch = changes.Watch(batch.Key);
        try
        {
            if (await StepAsync(request) is not { } step)
            {
                return;
            }

            if (step.Waits)
            {
                _ = ResumeAsync(request, watch);
                watch = null;
                return;
            }

            var finished = new FinishedRequest(batch, request.Index, step.End ?? UpstreamReply.FromSpawner(), time.GetUtcNow())
            {
                Spawned = step.Requests,
                Lease = step.Lease,
                IsUnfinished = step.End is null,
                Upstream = request.Call.Route.Upstream.Metrics,
            };
            await committer.AddAsync(finished, holdsPlace: true);
            if (step.End is null)
            {
                Enqueue(request with { IsClaimed = true });
            }
        }
        finally
        {
            watch?.Dispose();
        }
    }

    // Null if the request is left for the next start of the gateway.
    private async ValueTask<ForEachStep?> StepAsync(QueuedRequest request)
    {
        try
        {
            request.Batch.Stopping.ThrowIfCancellationRequested();
            return await forEach.StepAsync(request.Batch, request.Index, request.Call.Request);
        }
        catch (OperationCanceledException) when (request.Batch.Stopping.IsCancellationRequested)
        {
            return request.Batch.StopReason is var reason and not Failure.None
                ? ForEachStep.Ended(UpstreamReply.FromFailure(reason, reason.Message()))
                : null;
        }
        catch (StoreUnavailableException)
        {
            return ForEachStep.Wait;
        }
        catch (Exception exception)
        {
            using var scope = ids.BeginScope(logger, request.Batch.Record, request.StoredIndex);
            RequestRunnerLog.CallFailed(logger, exception);
            return ForEachStep.Ended(UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message()));
        }
    }

    // Holds no place meanwhile. Room that others give back is no change of this batch.
    private async Task ResumeAsync(QueuedRequest request, ChangeNotifier.ChangeWatch watch)
    {
        using (watch)
        {
            var delay = StoreRetry.WaitAsync(time, request.Batch.Stopping);
            await Task.WhenAny(watch.NextChange, delay);
        }

        Enqueue(request with { IsClaimed = true });
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
                if (request.Call.Request is { SpawnedBy.Length: 0 } or { Item: not null } || request.Batch.StopReason != Failure.None)
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
