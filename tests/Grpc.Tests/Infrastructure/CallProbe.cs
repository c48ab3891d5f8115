namespace Grpc.Tests.Infrastructure;

/// <summary>Lets a test see where a handler is.</summary>
public sealed class CallProbe
{
    private int _written;

    /// <summary>Set when a handler begins to wait.</summary>
    public TaskCompletionSource Sleeping { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set when a handler saw its cancellation.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many responses of streams were written.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>Counts a response.</summary>
    public void Wrote() => Interlocked.Increment(ref _written);
}
