using Batching.Engine.Model;

namespace Batching.Engine.Upstreams;

/// <summary>A call that waits for what comes of another one with the same request. Thread-safe.</summary>
internal sealed class SharedCallWaiter
{
    private readonly TaskCompletionSource<UpstreamReply?> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits. Not after <see cref="GiveUp"/>.</summary>
    /// <param name="cancellationToken">Gives the wait up.</param>
    /// <returns>What came of the other call; null if it was given up.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was signalled.</exception>
    public async Task<UpstreamReply?> WaitAsync(CancellationToken cancellationToken)
    {
        await using var cancelling = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((SharedCallWaiter)waiter!)._reply.TrySetCanceled(token), this);
        return await _reply.Task;
    }

    /// <summary>Does not wait: what comes is given back.</summary>
    public void GiveUp()
    {
        if (!_reply.TrySetResult(null) && _reply.Task.Result is { } reply)
        {
            reply.Dispose();
        }
    }

    /// <summary>Ends the wait.</summary>
    /// <param name="reply">What came of the other call, which is given back if nobody waits any more.</param>
    public void Give(UpstreamReply? reply)
    {
        if (!_reply.TrySetResult(reply))
        {
            reply?.Dispose();
        }
    }
}
