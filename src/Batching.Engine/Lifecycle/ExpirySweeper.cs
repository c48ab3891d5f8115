using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

/// <summary>
/// Deletes what has had its time: first the bodies of a batch, later the batch; files, and what was to become a batch. Readers don't depend on when it comes
/// round; it only gives the space back and stops what still runs. It also seals open batches to which nobody has appended for long.
/// </summary>
internal sealed class ExpirySweeper(
    IBatchStore store,
    ActiveBatches activeBatches,
    Scheduler scheduler,
    GroupCommitter committer,
    EventMessages events,
    IEnumerable<IFileStore> fileStores,
    IEnumerable<IDraftStore> draftStores,
    TimeProvider time,
    ILogger<ExpirySweeper> logger)
{
    private const int PageSize = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Sweeps again and again until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await SweepAsync(cancellationToken);
            }
            catch (StoreUnavailableException exception)
            {
                ExpirySweeperLog.SweepFailed(logger, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Deletes everything that is due now.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (store.Sharing?.HasDuties == false)
        {
            return;
        }

        await SealAsync(time.GetUtcNow());
        while (true)
        {
            var due = await store.ListToDeleteAsync(time.GetUtcNow(), PageSize, cancellationToken);
            // A gateway that was off for long comes to both at once. The owner is to be told of the first all the same.
            await Task.WhenAll(due.Where(record => !record.Expired && record.Notify is not null).Select(ExpireAsync));

            // All in one group.
            await Task.WhenAll(due.Select(record => committer.WriteAsync(new StoreWrite.Delete(record.Key))));

            if (due.Count < PageSize)
            {
                break;
            }
        }

        while (true)
        {
            var due = await store.ListToExpireAsync(time.GetUtcNow(), PageSize, cancellationToken);
            await Task.WhenAll(due.Select(ExpireAsync));

            if (due.Count < PageSize)
            {
                break;
            }
        }

        await SweepFilesAsync(cancellationToken);
    }

    // Not every store has some.
    private async Task SweepFilesAsync(CancellationToken cancellationToken)
    {
        foreach (var files in fileStores)
        {
            foreach (var due in await files.ListFilesToDeleteAsync(time.GetUtcNow(), PageSize, cancellationToken))
            {
                await files.DeleteFileAsync(due.Key, cancellationToken);
            }
        }

        foreach (var drafts in draftStores)
        {
            foreach (var due in await drafts.ListDraftsToDeleteAsync(time.GetUtcNow(), PageSize, cancellationToken))
            {
                await drafts.DeleteDraftAsync(due.Key, cancellationToken);
            }
        }
    }

    // A batch that was stopped is sealed there and then; here only if that has failed.
    private Task SealAsync(DateTimeOffset now) => Task.WhenAll(activeBatches.All
        .Where(batch => batch.Record.OpenUntil is { } until && (until <= now || batch.StopReason != Failure.None))
        .Select(batch => committer.AppendAsync(new PendingAppend(batch) { Seals = true, IfIdleAt = now })));

    private async Task ExpireAsync(BatchRecord record)
    {
        if (activeBatches.TryGet(record.Key, out var batch))
        {
            scheduler.Stop(batch, Failure.Expired);
            record = batch.Record;
        }

        await committer.WriteAsync(new StoreWrite.Expire(record.Key)
        {
            Messages = events.Of(record, record with { Expired = true }),
        });
    }
}
