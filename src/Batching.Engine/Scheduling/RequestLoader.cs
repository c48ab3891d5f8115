using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Content;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Reads the requests of active batches from the store, a few at a time, and puts them into the queues of their upstreams.
/// Thread-safe.
/// </summary>
internal sealed class RequestLoader(
    LoadQueue loads,
    RequestReader requests,
    UpstreamRouter router,
    RequestRunner runner,
    RequestEnder ender,
    BatchIds ids,
    TimeProvider time,
    ILogger<RequestLoader> logger)
{
    // What has waited for long has to be fetched from far away when its turn comes, by the processor and by the garbage
    // collector.
    private const int LoadedAtATime = 64;

    // What a waiting request takes beside its content: the message, the map of its header fields, the call.
    private const int Overhead = 1024;

    /// <summary>Loads until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var batch = await loads.DequeueAsync(cancellationToken);
            try
            {
                if (await TryLoadAsync(batch, cancellationToken))
                {
                    loads.RequestMore(batch);
                }
            }
            catch (StoreUnavailableException exception)
            {
                using var scope = ids.BeginScope(logger, batch.Key);
                RequestLoaderLog.ReadFailed(logger, exception);
                await StoreRetry.WaitAsync(time, cancellationToken);
                batch.Loading.End(batch.Loading.Next);
                loads.RequestMore(batch);
            }

            // This batch may have left the room to others that it was given.
            loads.LoadParked();
        }
    }

    // False if the batch is parked, which goes on from there when there is room.
    private async Task<bool> TryLoadAsync(ActiveBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Dependencies is { HasSettled: true } dependencies)
        {
            return await TryLoadSettledAsync(batch, dependencies, cancellationToken);
        }

        var next = batch.Loading.Next;
        var stored = await requests.FindAsync(batch.Record, next, atHand: null, cancellationToken);
        if (stored is null)
        {
            // The batch was deleted.
            batch.Loading.End(int.MaxValue);
            return true;
        }

        var end = Math.Min(stored.Value.Window.EndIndex, next + LoadedAtATime);
        for (var index = batch.Requests.FindNext(next); index < end; index = batch.Requests.FindNext(index + 1))
        {
            stored = await requests.FindAsync(batch.Record, index, stored, cancellationToken);
            if (stored is not { } found)
            {
                batch.Loading.End(int.MaxValue);
                return true;
            }

            batch.Loading.MoveTo(index);
            if (!TryMakeCall(batch, found, out var call))
            {
                await EndUnroutedAsync(batch, index);
            }
            else if (!TryEnqueue(batch, index, call, found))
            {
                return false;
            }
        }

        batch.Loading.End(end);
        return true;
    }

    // The same for those that have waited for others, in the order in which they wait no more.
    private async Task<bool> TryLoadSettledAsync(
        ActiveBatch batch, DependencyGraph dependencies, CancellationToken cancellationToken)
    {
        StoredRequest? stored = null;
        for (var i = 0; i < LoadedAtATime && dependencies.TryPeek(out var index, out var cause); i++)
        {
            if (!batch.Requests.IsClaimed(index))
            {
                stored = await requests.FindAsync(batch.Record, index, stored, cancellationToken);
                if (stored is not { } found)
                {
                    dependencies.Clear();
                    break;
                }

                if (cause >= 0)
                {
                    await EndBlockedAsync(batch, index, cause, found, cancellationToken);
                }
                else if (!TryMakeCall(batch, found, out var call))
                {
                    await EndUnroutedAsync(batch, index);
                }
                else if (!TryEnqueue(batch, index, call, found))
                {
                    return false;
                }
            }

            dependencies.Take();
        }

        batch.Loading.End(batch.Loading.Next);
        return true;
    }

    private bool TryMakeCall(ActiveBatch batch, in StoredRequest stored, [NotNullWhen(true)] out UpstreamCall? call)
    {
        var request = stored.Decode();
        var method = Methods.Find(request.Method);
        call = method is not null && router.TryRoute(request, out var route, out _)
            ? new UpstreamCall(route, method, request, batch.Authorization)
            {
                Owner = batch.Owner,
                Forwarded = batch.Forwarded,
                IsRepeatable = batch.Record.MayRepeat,
            }
            : null;
        return call is not null;
    }

    private bool TryEnqueue(ActiveBatch batch, int index, UpstreamCall call, in StoredRequest stored)
    {
        var bytes = Overhead + stored.Size;
        if (!loads.TryReserve(call.Route.Upstream, bytes, batch))
        {
            return false;
        }

        batch.Loading.AddWaiting();
        runner.Enqueue(new QueuedRequest(batch, index, call, bytes, runner));
        return true;
    }

    // No upstream takes its path any more.
    private async ValueTask EndUnroutedAsync(ActiveBatch batch, int index)
    {
        if (batch.TryClaimToRun(index))
        {
            await ender.EndAsync(batch, index, Failure.NoUpstream);
        }
    }

    private async ValueTask EndBlockedAsync(
        ActiveBatch batch, int index, int cause, StoredRequest blocked, CancellationToken cancellationToken)
    {
        var shown = new Request();
        blocked.Window.ReadShown(index, shown, RequestFields.RunWhen);
        if (await requests.FindAsync(batch.Record, cause, blocked, cancellationToken) is { } other)
        {
            other.Window.ReadShown(cause, shown, RequestFields.Key);
        }

        if (batch.TryClaimToRun(index))
        {
            var key = CallerText.Quote(shown.Key);
            await ender.EndAsync(
                batch,
                index,
                Failure.DependencyFailed,
                shown.RunWhen == RunWhen.Failed
                    ? $"It runs only after a failure, and {key} and whatever else it depends on has succeeded."
                    : $"It depends on {key}, which has not succeeded.");
        }
    }
}
