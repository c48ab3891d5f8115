namespace Batching.Client.Internal;

/// <summary>Looks at the progress of a batch from time to time, beside whoever reads its results.</summary>
internal sealed class ProgressWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Task _watching;

    /// <summary>Begins to look.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="interval">Time between two looks.</param>
    /// <param name="time">The clock.</param>
    /// <param name="readPosition">How far the results are read.</param>
    /// <param name="progress">Is told; null to do nothing.</param>
    /// <param name="cancellationToken">Nobody is interested any more.</param>
    public ProgressWatch(
        BatchHandle batch,
        TimeSpan interval,
        TimeProvider time,
        Func<long> readPosition,
        IProgress<BatchProgress>? progress,
        CancellationToken cancellationToken)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _watching = progress is null
            ? Task.CompletedTask
            : WatchAsync(batch, interval, time, readPosition, progress, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task WatchAsync(
        BatchHandle batch,
        TimeSpan interval,
        TimeProvider time,
        Func<long> readPosition,
        IProgress<BatchProgress> progress,
        CancellationToken stop)
    {
        while (true)
        {
            try
            {
                progress.Report(BatchProgress.Of(await batch.GetStatusAsync(stop).ConfigureAwait(false), readPosition()));
            }
            catch (BatchException)
            {
                // Whoever reads the results meets the same, and says it.
            }

            await Task.Delay(interval, time, stop).ConfigureAwait(false);
        }
    }
}
