using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>Holds calls at the upstream until it is opened.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _entered;

    /// <summary>How many have come so far.</summary>
    public int Entered => Volatile.Read(ref _entered);

    public void Open() => _open.TrySetResult();

    /// <summary>Waits until so many have come.</summary>
    public Task UntilEnteredAsync(int count) =>
        Eventually.BeTrueAsync(() => Entered >= count, $"{count} calls at the gate");

    /// <summary>Comes, and waits for the gate to open or the call to be broken off.</summary>
    public async Task PassAsync(HttpContext context)
    {
        Interlocked.Increment(ref _entered);
        await _open.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The same for what is no call.</summary>
    /// <exception cref="OperationCanceledException">It is broken off.</exception>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _entered);
        await _open.Task.WaitAsync(cancellationToken);
    }
}
