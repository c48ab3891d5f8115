using Batching.Engine.Storage;
using Batching.Engine.Telemetry;

namespace Batching.Engine.Committing;

/// <summary>Commits one group in one transaction and publishes it. Not thread-safe.</summary>
/// <param name="store">Where it is stored.</param>
/// <param name="publisher">Tells everybody what has changed.</param>
/// <param name="metrics">Measures commits.</param>
/// <param name="events">Makes the messages that tell owners what has happened.</param>
/// <param name="uncommitted">The room that results take until they are stored.</param>
/// <param name="time">The clock.</param>
internal sealed class GroupWriter(
    IBatchStore store,
    CommitPublisher publisher,
    BatchMetrics metrics,
    EventMessages events,
    ByteBudget uncommitted,
    TimeProvider time)
{
    /// <summary>Commits a group: all of it, or nothing.</summary>
    /// <returns>Why nothing was stored; null if all was.</returns>
    public async Task<StoreUnavailableException?> TryCommitAsync(CommitGroup group)
    {
        var tally = metrics.CountsResults ? new ResultTally(metrics.Unrouted) : null;
        var appends = PositionAssigner.Assign(group.Results, group.Appends, time, tally, events);
        var began = time.GetTimestamp();
        try
        {
            while (!await TryStoreAsync(group, appends))
            {
            }
        }
        catch (StoreUnavailableException exception)
        {
            group.Restore();
            group.FailAppends(exception);
            return exception;
        }

        if (metrics.MeasuresCommits)
        {
            metrics.CountCommit(
                time.GetElapsedTime(began), group.Count, group.Bytes + group.Writes.Sum(static write => write.Bytes));
        }

        tally?.Publish();
        foreach (var pending in group.Writes)
        {
            publisher.Publish(pending.Write, batch: null);
        }

        // Ready before anybody is told that they are there.
        foreach (var append in group.Appends.Where(append => append.Outcome == AppendOutcome.Done))
        {
            append.Batch.Requests.AddReady(append.Count);
        }

        foreach (var planned in appends)
        {
            // Else it is learned from the store.
            if (planned.Append is { } append)
            {
                publisher.Publish(append, planned.Batch);
            }
        }

        group.Complete();
        uncommitted.Release(group.Bytes - group.Appends.Sum(append => append.Bytes));
        return null;
    }

    // False if a submission had to be taken out because the same one was accepted before: the others are no worse for it.
    private async ValueTask<bool> TryStoreAsync(
        CommitGroup group, List<PlannedAppend> appends)
    {
        try
        {
            await store.CommitAsync(
                [.. group.Writes.Select(pending => pending.Write), .. appends.Select(append => append.Write)],
                CancellationToken.None);
            return true;
        }
        catch (SubmissionKeyTakenException exception)
        {
            group.Refuse(exception);
            return false;
        }
    }
}
