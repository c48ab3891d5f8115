namespace Batching.Engine.Storage;

/// <summary>The way in which what a store can't do at the moment is tried again: every second, until it can.</summary>
internal static class StoreRetry
{
    /// <summary>The time between two attempts.</summary>
    public static TimeSpan Delay { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the next attempt.</summary>
    public static Task WaitAsync(TimeProvider time, CancellationToken cancellationToken) =>
        Task.Delay(Delay, time, cancellationToken);

    /// <summary>Reads until it succeeds.</summary>
    /// <param name="read">Reads.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops waiting for another attempt.</param>
    /// <param name="failed">Told of each attempt that has failed.</param>
    public static async ValueTask<T> ReadAsync<T>(
        Func<ValueTask<T>> read,
        TimeProvider time,
        CancellationToken cancellationToken,
        Action<StoreUnavailableException>? failed = null)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (StoreUnavailableException exception)
            {
                failed?.Invoke(exception);
                await WaitAsync(time, cancellationToken);
            }
        }
    }
}
