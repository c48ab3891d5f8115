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

    /// <summary>Accepts a batch. It is durable when this returns, and its requests are about to run.</summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="count">How many requests it has.</param>
    /// <param name="spawners">How many of them are spawners.</param>
    /// <param name="windows">The requests, but those that are staged.</param>
    /// <param name="stagedKey">What they are staged under; null if none are.</param>
    /// <param name="dependencies">The dependencies between its requests, which are its own from now on; null if there are none.</param>
    /// <param name="edges">How many they are.</param>
    /// <param name="submission">The activity of the call that brings it; null if nobody listens.</param>
    /// <param name="cancellationToken">Gives up before anything is stored.</param>
    /// <exception cref="StoreUnavailableException">It is not accepted.</exception>
    public async ValueTask<BatchRecord> AcceptAsync(
        Caller caller,
        int count,
        int spawners,
        IReadOnlyList<RequestWindow> windows,
        long? stagedKey,
        DependencyGraph? dependencies,
        int edges,
        Activity? submission,
        CancellationToken cancellationToken)
    {
        // Each spawner gets its share of what the batch may spawn, at least one page.
        var pages = spawners == 0 ? 0 : Math.Clamp(
            _limits.SpawnedRequestsPerBatch / spawners, 1, _limits.PagesPerSpawner);

        // Numbers for the requests that there are, and for the first page of each spawner.
        var capacity = count + spawners;
        var key = stagedKey ?? await ids.ReserveAsync(1 + capacity, cancellationToken);
        var runs = stagedKey is null
            ? NumberRuns.None
            : NumberRuns.None.With(await ids.ReserveAsync(capacity, cancellationToken), capacity);
        cancellationToken.ThrowIfCancellationRequested();
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var record = new BatchRecord
        {
            Key = key,
            Owner = caller.Owner,
            CreateTime = now,
            ExpireTime = now + _retention.Responses,
            DeleteTime = now + _retention.Metadata,
            Capacity = capacity,
            Runs = runs,
            SpawnerPages = pages,
            Dependencies = edges,
            Total = count,
            Credential = caller.Authorization is null ? null : credentials.Protect(caller.Authorization),
            Peer = caller.Client.Peer,
            Trace = ForwardedFields.TraceOf(submission, caller.Client.TraceParent),
        };

        submission?.SetTag(BatchActivities.BatchId, ids.OfBatch(key)).SetTag(BatchActivities.RequestCount, count);

        // From here on the caller may go away, but the batch is accepted whole or not at all. It is known before it is
        // stored, so that whoever finds it in the store can cancel it.
        var active = new ActiveBatch(record, caller.Authorization, scheduler.Aborting, dependencies);
        activeBatches.Add(active);
        staging.NoteSubmission(caller.Owner);
        try
        {
            var last = await staging.AddAllButLastAsync(caller.Owner, key, windows);
            await committer.WriteAsync(new StoreWrite.Accept(record, last));
        }
        catch
        {
            activeBatches.Remove(record.Key);
            if (stagedKey is null && windows.Sum(window => (long)window.Data.Length) > Staging.BitBytes)
            {
                await staging.DeleteAsync(key);
            }

            throw;
        }

        foreach (var window in windows)
        {
            requests.Add(record.Key, window);
        }

        scheduler.Run(active);
        return record;
    }

    /// <summary>Reserves the number of a batch of which it is not known yet how large it will be.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    public ValueTask<long> ReserveAsync(CancellationToken cancellationToken) => ids.ReserveAsync(1, cancellationToken);
}
