using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Submission;

/// <summary>
/// Stores the requests of large batches bit by bit, before the batch is accepted: a commit is as long as what it stores, and
/// everybody waits for it. Each owner has one bit on its way at a time, and leaves the store to others for a while after it if
/// others submit, too. Thread-safe.
/// </summary>
internal sealed class Staging(
    GroupCommitter committer, Scheduler scheduler, BatchIds ids, TimeProvider time, ILogger<Staging> logger)
{
    /// <summary>
    /// Bytes of one bit, more or less. It is worth its share of a commit, and thousands of them together are no burden.
    /// </summary>
    public const int BitBytes = 256 * 1024;

    // Bits in one commit.
    private const int Places = 4;

    // An owner who stages beside others has the store for a third of the time.
    private const int RestFactor = 2;

    // A store that takes longer than this for a bit is no better off for more of it.
    private static readonly TimeSpan MaxRest = TimeSpan.FromMilliseconds(200);

    private readonly OwnerByteBudget _underWay = new(Places, share: 1, time);
    private readonly RecentOwners _submitters = new(time);

    /// <summary>Stores the next bit.</summary>
    /// <exception cref="StoreUnavailableException">It is not stored.</exception>
    public async Task AddAsync(string owner, long key, IReadOnlyList<RequestWindow> windows)
    {
        var place = _underWay.Open(owner);
        await place.ReserveAsync(1, Timeout.InfiniteTimeSpan, CancellationToken.None);
        var began = time.GetTimestamp();
        try
        {
            await committer.WriteAsync(new StoreWrite.Stage(key, windows));
        }
        finally
        {
            _ = LeaveAsync(place, _submitters.HasOther(owner) ? RestFactor * time.GetElapsedTime(began) : TimeSpan.Zero);
        }
    }

    /// <summary>Notes that an owner submits a batch, large or small.</summary>
    public void NoteSubmission(string owner) => _submitters.Note(owner);

    /// <summary>Stores all but the last bit.</summary>
    /// <returns>The last bit.</returns>
    /// <exception cref="StoreUnavailableException">Some of them are not stored.</exception>
    public async ValueTask<IReadOnlyList<RequestWindow>> AddAllButLastAsync(
        string owner, long key, IReadOnlyList<RequestWindow> windows)
    {
        var bit = new List<RequestWindow>();
        long bytes = 0;
        foreach (var window in windows)
        {
            if (bytes >= BitBytes)
            {
                await AddAsync(owner, key, bit);
                (bit, bytes) = ([], 0);
            }

            bit.Add(window);
            bytes += window.Data.Length;
        }

        return bit;
    }

    /// <summary>Deletes what is staged and will not be accepted. Waits for that, but not for a store that fails.</summary>
    public async ValueTask DeleteAsync(long key)
    {
        if (!await TryDeleteAsync(key))
        {
            using var scope = ids.BeginScope(logger, key);
            StagingLog.DeleteFailed(logger);
            _ = DeleteLaterAsync(key);
        }
    }

    private async Task LeaveAsync(ByteLease place, TimeSpan rest)
    {
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(rest < MaxRest ? rest : MaxRest, time);
        }

        place.Dispose();
    }

    private async Task<bool> TryDeleteAsync(long key)
    {
        try
        {
            await committer.WriteAsync(new StoreWrite.Delete(key));
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    // Nobody sees it meanwhile, and the next start would delete it too.
    private async Task DeleteLaterAsync(long key)
    {
        do
        {
            await StoreRetry.WaitAsync(time, scheduler.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!scheduler.Stopping.IsCancellationRequested && !await TryDeleteAsync(key));
    }
}
