namespace Batching.Engine.Quotas;

/// <summary>
/// Somebody who waits in a queue, and goes on when <see cref="TaskCompletionSource.TrySetResult"/> is called. Who gives
/// up stays in the queue until its turn comes, and lets the next one have it. Thread-safe.
/// </summary>
internal sealed class QueueTicket() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>Waits.</summary>
    /// <exception cref="OperationCanceledException">The waiter has given up before its turn came.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var cancelled = cancellationToken.UnsafeRegister(
            static (waiter, token) => ((QueueTicket)waiter!).TrySetCanceled(token), this);
        await Task;
    }
}
