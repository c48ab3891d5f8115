using Batching.Engine.Committing;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

/// <summary>Takes up the batches that were not done when the gateway stopped, in whatever way it stopped.</summary>
internal sealed class Recovery(
    IBatchStore store,
    ActiveBatches activeBatches,
    Scheduler scheduler,
    GroupCommitter committer,
    ICredentialProtector credentials,
    MemoryBudgets budgets,
    BatchIds ids,
    TimeProvider time,
    ILogger<Recovery> logger)
{
    private const int PageSize = 100;

    /// <summary>Takes them up, one after the other.</summary>
    /// <param name="beforeKey">
    /// Batches from this number on were submitted since the start and are being worked on already.
    /// </param>
    /// <param name="now">Those that start later are left to <see cref="DelayedStarts"/>.</param>
    /// <param name="cancellationToken">Leaves the rest for the next start.</param>
    public async Task RunAsync(long beforeKey, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var count = 0;
        var after = 0L;
        while (true)
        {
            try
            {
                var records = await store.ListUnfinishedAsync(after, PageSize, cancellationToken);
                foreach (var record in records)
                {
                    if (record.Key < beforeKey && !(record.StartTime > now))
                    {
                        await TakeUpAsync(record, cancellationToken);
                        count++;
                    }

                    after = record.Key;
                }

                if (records.Count < PageSize || after >= beforeKey)
                {
                    break;
                }
            }
            catch (StoreUnavailableException exception)
            {
                // From the batch on that could not be read.
                RecoveryLog.ReadFailed(logger, exception);
                await StoreRetry.WaitAsync(time, cancellationToken);
            }
        }

        RecoveryLog.Recovered(logger, count);
    }

    /// <summary>Takes up one of them: what has no result, and was not begun or may be again, is about to run.</summary>
    public async Task TakeUpAsync(BatchRecord record, CancellationToken cancellationToken)
    {
        using var scope = ids.BeginScope(logger, record.Key);
        var authorization = record.Credential is null ? null : credentials.Unprotect(record.Credential);
        var batch = new ActiveBatch(
            record, authorization, scheduler.Aborting, await ReadDependenciesAsync(record, cancellationToken));
        try
        {
            await TakeUpAsync(batch, authorization, cancellationToken);
        }
        catch
        {
            // It is taken up once more, or at the next start.
            batch.Dispose();
            throw;
        }
    }

    private async Task<DependencyGraph?> ReadDependenciesAsync(BatchRecord record, CancellationToken cancellationToken)
    {
        if (record.Dependencies == 0)
        {
            return null;
        }

        var memory = budgets.Dependencies.Open(record.Owner);
        try
        {
            return await StoredDependencies.ReadAsync(store, ids, record, memory, cancellationToken);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private async Task TakeUpAsync(ActiveBatch batch, string? authorization, CancellationToken cancellationToken)
    {
        var record = batch.Record;
        await foreach (var segment in store.ReadEntriesAsync(record.Key, 1, cancellationToken))
        {
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                var entry = segment[position];
                batch.Requests.TryClaim(entry.Index);
                batch.Dependencies?.Complete(entry.Index, entry.Failed, position);
            }
        }

        var started = await store.ListStartedAsync(record.Key, cancellationToken);
        foreach (var index in started)
        {
            if (batch.Requests.TryClaim(index))
            {
                var reply = UpstreamReply.FromFailure(Failure.Interrupted, Failure.Interrupted.Message());
                await committer.AddAsync(new FinishedRequest(batch, index, reply, time.GetUtcNow()));
            }
        }

        // Whoever cancels or deletes it first changes the store, then looks for it here; so this looks at the store again
        // after it is here.
        activeBatches.Add(batch);
        // The batch has begun to end: this can't be left to another attempt at the whole of it.
        var latest = await StoreRetry.ReadAsync(
            () => store.FindBatchAsync(record.Key, cancellationToken),
            time,
            cancellationToken,
            exception => RecoveryLog.ReadFailed(logger, exception));
        if (FindStopReason(latest, authorization) is { } reason)
        {
            scheduler.Stop(batch, reason);
        }

        // It may also have been done by then: with an interrupted request as its last.
        if (latest is null || batch.Record.DoneTime is not null)
        {
            activeBatches.Remove(record.Key);
        }

        scheduler.Run(batch);
    }

    private Failure? FindStopReason(BatchRecord? record, string? authorization)
    {
        if (record is null || record.Cancelled)
        {
            return Failure.Cancelled;
        }

        if (record.Expired || record.ExpireTime <= time.GetUtcNow())
        {
            return Failure.Expired;
        }

        if (record.Deadline <= time.GetUtcNow())
        {
            return Failure.BatchDeadline;
        }

        if (record.Credential is not null && authorization is null)
        {
            RecoveryLog.CredentialLost(logger);
            return Failure.CredentialLost;
        }

        return null;
    }
}
