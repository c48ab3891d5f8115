using Batching.Engine.Committing;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Delivery;

/// <summary>Stores received marks, a while after they have moved. Thread-safe.</summary>
internal sealed class ReceivedMarks(
    GroupCommitter committer, BatchIds ids, TimeProvider time, ILogger<ReceivedMarks> logger) : IDisposable
{
    // How much later than it moves a mark is stored. A reply that was written completely may still be in the buffers of
    // a socket; they are lost when the process is killed and the system resets the connection. Nothing but a time tells
    // that it has arrived. It also puts many moves into one write.
    private static readonly TimeSpan StoreDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Stores the mark of a batch after a while.</summary>
    /// <returns>
    /// False if the store fails. Then the mark stays in memory and goes with the next one; after a crash its results are handed
    /// out again.
    /// </returns>
    public async Task<bool> TryStoreAsync(long batchKey, int mark)
    {
        await Task.Delay(StoreDelay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await committer.WriteAsync(new StoreWrite.MoveReceivedMark(batchKey, mark));
            return true;
        }
        catch (StoreUnavailableException exception)
        {
            using var scope = ids.BeginScope(logger, batchKey);
            ReceivedMarksLog.MarkNotStored(logger, exception);
            return false;
        }
    }

    /// <summary>Stores all marks now, and from now on without delay.</summary>
    public Task StopWaitingAsync() => _stopping.CancelAsync();

    public void Dispose() => _stopping.Dispose();
}
