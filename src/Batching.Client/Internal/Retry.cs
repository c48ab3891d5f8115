using Grpc.Core;

namespace Batching.Client.Internal;

/// <summary>The tries of one call: how long to wait between them, and when to give up. Not for more than one thread.</summary>
internal sealed class Retry(BatchClientOptions options, TimeProvider time)
{
    private long? _firstFailure;
    private TimeSpan _next = options.RetryDelay;

    /// <summary>The call has got something: the next failure is a first one.</summary>
    public void Reset()
    {
        _firstFailure = null;
        _next = options.RetryDelay;
    }

    /// <summary>Waits until the next try.</summary>
    /// <param name="failure">Why it is needed; null if a stream has ended without one.</param>
    /// <param name="cancellationToken">The caller's own reason to end the call.</param>
    /// <returns>False if it is too late for another try.</returns>
    public async ValueTask<bool> WaitAsync(RpcException? failure, CancellationToken cancellationToken)
    {
        _firstFailure ??= time.GetTimestamp();

        // Half of it is random, so that those who were cut together don't come back together.
        var delay = _next * (1 - (Random.Shared.NextDouble() / 2));
        if (failure?.FindRetryDelay() is { } asked && asked > delay)
        {
            delay = asked;
        }

        _next = TimeSpan.FromTicks(Math.Min(_next.Ticks * 2, options.MaxRetryDelay.Ticks));
        if (time.GetElapsedTime(_firstFailure.Value) + delay > options.RetryTime)
        {
            return false;
        }

        await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
