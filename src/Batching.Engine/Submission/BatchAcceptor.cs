using System.Diagnostics;
using Batching.Engine.Committing;
using Batching.Engine.Configuration;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Submission;

/// <summary>Stores batches that were found to be right, and begins to run them. Thread-safe.</summary>
internal sealed class BatchAcceptor(
    IBatchStore store,
    BatchIds ids,
    GroupCommitter committer,
    Staging staging,
    ActiveBatches activeBatches,
    Scheduler scheduler,
    RequestReader requests,
    ICredentialProtector credentials,
    IOptions<BatchEngineOptions> options,
    TimeProvider time)
{
    private readonly RetentionOptions _retention = options.Value.Retention;
    private readonly LimitOptions _limits = options.Value.Limits;
    private readonly int _shareAbove = options.Value.ShareAbove;

    /// <summary>Accepts a batch. It is durable when this returns, and its requests are about to run, unless it is for later.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="batch">What it is. Its dependencies are its own from now on, unless this fails.</param>
    /// <param name="submission">The activity of the call that brings it; null if nobody listens.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    /// <exception cref="SubmissionKeyTakenException">It is not accepted: there is one with its key.</exception>
    public async ValueTask<BatchRecord> AcceptAsync(
        Caller caller,
        CheckedBatch batch,
        Activity? submission,
        CancellationToken cancellationToken)
    {
        // Each spawner gets its share of what the batch may spawn, at least one page.
        var pages = batch.Spawners == 0 ? 0 : Math.Clamp(
            _limits.SpawnedRequestsPerBatch / batch.Spawners, 1, _limits.PagesPerSpawner);

        // Numbers for the requests that there are, and for the first page of each spawner.
        var capacity = batch.Count + batch.Spawners;
        var key = batch.StagedKey ?? await ids.ReserveAsync(1 + capacity, cancellationToken);
        var runs = batch.StagedKey is null
            ? NumberRuns.None
            : NumberRuns.None.With(await ids.ReserveAsync(capacity, cancellationToken), capacity);
        cancellationToken.ThrowIfCancellationRequested();
        var now = Now();
        var begin = batch.Schedule.StartTime > now ? batch.Schedule.StartTime.Value : now;
        var record = new BatchRecord
        {
            Key = key,
            Owner = caller.Owner,
            CreateTime = now,
            StartTime = begin > now ? begin : null,
            Priority = batch.Schedule.Priority,
            Deadline = batch.Terms?.Deadline ?? batch.Schedule.Deadline,
            ExpireTime = batch.Terms?.ExpireTime ?? begin + _retention.Responses,
            DeleteTime = batch.Terms?.DeleteTime ?? begin + _retention.Metadata,
            MayRepeat = batch.Terms?.MayRepeat ?? false,
            Attributes = batch.Terms?.Attributes,
            OpenUntil = batch.Schedule.IsOpen ? now + _limits.OpenBatchIdle : null,
            Appends = batch.Schedule.IsOpen
                ? new AppendState(batch.Count, batch.Windows.Sum(window => (long)window.Data.Length), 0, 0, "")
                : null,
            Capacity = capacity,
            Runs = runs,
            SpawnerPages = pages,
            Dependencies = batch.Edges,
            IsShared = store.Sharing is not null && batch.Spawners == 0 && batch.Edges == 0 && batch.Count > _shareAbove,
            Total = batch.Count,
            Credential = caller.Authorization is null ? null : credentials.Protect(caller.Authorization),
            Peer = caller.Client.Peer,
            SubmissionKey = batch.Key,
            Notify = batch.Notify,
            Trace = ForwardedFields.TraceOf(submission, caller.Client.TraceParent),
        };

        submission?.SetTag(BatchActivities.BatchId, ids.OfBatch(key)).SetTag(BatchActivities.RequestCount, batch.Count);

        // From here on the caller may go away, but the batch is accepted whole or not at all. It is known before it is
        // stored, so that whoever finds it in the store can cancel it. One for later is nowhere else before its time, and its
        // dependencies are read again then.
        var active = record.StartTime is null && !record.IsShared
            ? new ActiveBatch(record, caller.Authorization, scheduler.Aborting, batch.Dependencies)
            : null;
        if (active is not null)
        {
            activeBatches.Add(active);
        }

        staging.NoteSubmission(caller.Owner);
        try
        {
            var last = await staging.AddAllButLastAsync(caller.Owner, key, batch.Windows);
            await committer.WriteAsync(new StoreWrite.Accept(record, last));
        }
        catch
        {
            activeBatches.Remove(record.Key);
            if (batch.StagedKey is null && batch.Windows.Sum(window => (long)window.Data.Length) > Staging.BitBytes)
            {
                await staging.DeleteAsync(key);
            }

            throw;
        }

        if (record.StartTime is null)
        {
            foreach (var window in batch.Windows)
            {
                requests.Add(record.Key, window);
            }
        }

        if (active is not null)
        {
            scheduler.Run(active);
        }
        else
        {
            batch.Dependencies?.Dispose();
        }

        return record;
    }

    /// <summary>
    /// Whether batches may be open. What is appended is known to the gateway that runs the batch alone, and where several share the
    /// work a caller may reach any of them.
    /// </summary>
    public bool MayBeOpen => store.Sharing is null;

    /// <summary>The time, in whole milliseconds.</summary>
    public DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Reserves the number of a batch of which it is not known yet how large it will be.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public ValueTask<long> ReserveAsync(CancellationToken cancellationToken) => ids.ReserveAsync(1, cancellationToken);
}
