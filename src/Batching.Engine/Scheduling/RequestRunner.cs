using Batching.Engine.Committing;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>Runs one request of a stored batch: calls the API, and hands over what came of it. Thread-safe.</summary>
internal sealed class RequestRunner(
    RequestLoader loader,
    UpstreamCaller caller,
    GroupCommitter committer,
    TimeProvider time,
    ILogger<RequestRunner> logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Runs a request whose turn it is, unless its batch was stopped meanwhile.</summary>
    public async Task RunAsync(QueuedRequest request)
    {
        loader.Dequeued(request);
        if (!request.Batch.TryTakeToRun(request.Index))
        {
            return;
        }

        if (await CallAsync(request) is { } reply)
        {
            await committer.AddAsync(new FinishedRequest(request.Batch, request.Index, reply, time.GetUtcNow()));
        }
    }

    // Null if the request is left for the next start of the gateway.
    private async Task<UpstreamReply?> CallAsync(QueuedRequest request)
    {
        try
        {
            if (request.MustNotRepeat)
            {
                await RememberStartAsync(request);
            }

            return await caller.CallAsync(request.Call, request.Batch.Stopping);
        }
        catch (OperationCanceledException)
        {
            var reason = request.Batch.StopReason;
            if (reason == Failure.None)
            {
                // The gateway stops. What is safe to repeat is simply left for the next start.
                if (!request.MustNotRepeat)
                {
                    return null;
                }

                reason = Failure.Interrupted;
            }

            return UpstreamReply.FromFailure(reason, reason.Message());
        }
        catch (Exception exception)
        {
            // A bug must cost one request its answer, not a worker its life.
            RequestRunnerLog.CallFailed(logger, exception);
            return UpstreamReply.FromFailure(Failure.UpstreamReset, Failure.UpstreamReset.Message());
        }
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
}
