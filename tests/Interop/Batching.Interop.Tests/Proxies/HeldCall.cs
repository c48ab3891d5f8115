namespace Batching.Interop.Tests.Proxies;

/// <summary>A call that waits for its answer.</summary>
internal sealed class HeldCall
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It has reached the API.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>It was given up before its answer.</summary>
    public Task Aborted => _aborted.Task;

    /// <summary>It may be answered.</summary>
    public Task Released => _released.Task;

    /// <summary>Lets it be answered, also if it comes later.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Waits, and gives the answer.</summary>
    public async Task<string> AnswerAsync(CancellationToken aborted)
    {
        _arrived.TrySetResult();
        try
        {
            await _released.Task.WaitAsync(aborted);
        }
        catch (OperationCanceledException)
        {
            _aborted.TrySetResult();
        }

        return "answered";
    }
}
