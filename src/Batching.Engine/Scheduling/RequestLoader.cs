using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Batching.Engine.Content;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.References;
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
    ReferenceResolver references,
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

        var read = new ReferencedResults();
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
            if (!await TryLoadAsync(batch, index, found, read, cancellationToken))
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
        var read = new ReferencedResults();
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
                else if (!await TryLoadAsync(batch, index, found, read, cancellationToken))
                {
                    return false;
                }
            }

            dependencies.Take();
        }

        batch.Loading.End(batch.Loading.Next);
        return true;
    }

    // False if there is no room for it.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryLoadAsync(
        ActiveBatch batch, int index, StoredRequest stored, ReferencedResults read, CancellationToken cancellationToken)
    {
        var request = stored.Decode();
        var bytes = stored.Size;
        if (RequestTemplate.IsWanted(request))
        {
            var resolved = await references.ResolveAsync(batch, request, read, cancellationToken);
            if (resolved.Request is null)
            {
                await EndAsync(batch, index, resolved.Failure, resolved.Message);
                return true;
            }

            if (resolved.Request != request)
            {
                request = resolved.Request;
                bytes += request.CalculateSize();
            }
        }

        if (!TryMakeCall(batch, request, out var call))
        {
            // No upstream takes its path any more.
            await EndAsync(batch, index, Failure.NoUpstream, message: null);
            return true;
        }

        return TryEnqueue(batch, index, call, bytes);
    }

    private bool TryMakeCall(ActiveBatch batch, Request request, [NotNullWhen(true)] out UpstreamCall? call)
    {
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

    private bool TryEnqueue(ActiveBatch batch, int index, UpstreamCall call, int size)
    {
        var bytes = Overhead + size;
        if (!loads.TryReserve(call.Route.Upstream, bytes, batch))
        {
            return false;
        }

        batch.Loading.AddWaiting();
        runner.Enqueue(new QueuedRequest(batch, index, call, bytes, runner));
        return true;
    }

    private async ValueTask EndAsync(ActiveBatch batch, int index, Failure reason, string? message)
    {
        if (batch.TryClaimToRun(index))
        {
            await ender.EndAsync(batch, index, reason, message);
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
