using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
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

            var request = found.Decode();
            var method = Methods.Find(request.Method);
            if (method is null || !router.TryRoute(request, out var route, out _))
            {
                if (batch.TryClaimToRun(index))
                {
                    // No upstream takes its path any more.
                    await ender.EndAsync(batch, index, Failure.NoUpstream);
                }

                continue;
            }

            var bytes = Overhead + found.Size;
            batch.Loading.MoveTo(index);
            if (!loads.TryReserve(route.Upstream, bytes, batch))
            {
                return false;
            }

            batch.Loading.AddWaiting();
            runner.Enqueue(new QueuedRequest(
                batch,
                index,
                new UpstreamCall(route, method, request, batch.Authorization) { Owner = batch.Owner, Forwarded = batch.Forwarded, IsRepeatable = batch.Record.MayRepeat },
                bytes,
                runner));
        }

        batch.Loading.End(end);
        return true;
    }
}
