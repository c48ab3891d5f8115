using System.Collections.Concurrent;
using System.Diagnostics;
using Batching.Engine.Dependencies;
using Batching.Engine.Model;

namespace Batching.Engine.Running;

/// <summary>A batch that this gateway runs. Thread-safe.</summary>
internal sealed class ActiveBatch : IDisposable
{
    private volatile BatchRecord _record;
    private volatile bool _hasUnstored;
    private ConcurrentDictionary<string, ActivityContext>? _spawnerSpans;
    private int _underWay;

    /// <param name="record">The batch as it is stored.</param>
    /// <param name="authorization">The caller's credential in plain text.</param>
    /// <param name="abort">Signalled when the gateway gives up all work.</param>
    /// <param name="dependencies">Its requests that wait for others; null if none does.</param>
    /// <param name="sharedBy">The clock, if other gateways run it, too; null if this one does alone.</param>
    public ActiveBatch(
        BatchRecord record,
        string? authorization,
        CancellationToken abort,
        DependencyGraph? dependencies = null,
        TimeProvider? sharedBy = null)
    {
        // Nobody needs its attributes to run it.
        _record = record.Attributes is null ? record : record with { Attributes = null };
        Authorization = authorization;
        Forwarded = new ForwardedFields(record.Peer, record.Trace);
        Numbers = new ReservedNumbers(record);
        Dependencies = dependencies;
        Requests = new ReadyRequests(record.Total, dependencies, areHeld: sharedBy is null);
        Runs = sharedBy is null ? null : new HeldRuns(Requests, sharedBy);
        Stop = new BatchStop(abort);
        Loading = new LoadCursor(Requests, Stop, dependencies);
    }

    public long Key => _record.Key;

    public string Owner => _record.Owner;

    /// <inheritdoc cref="BatchRecord.Priority"/>
    public int Priority => _record.Priority;

    /// <summary>The caller's credential in plain text.</summary>
    public string? Authorization { get; }

    /// <summary>The header fields that tell the API where the batch comes from.</summary>
    public ForwardedFields Forwarded { get; }

    /// <summary>The numbers of its requests.</summary>
    public ReservedNumbers Numbers { get; }

    /// <summary>Its requests: which of them may be begun.</summary>
    public ReadyRequests Requests { get; }

    /// <summary>Its requests that wait for others; null if none does.</summary>
    public DependencyGraph? Dependencies { get; }

    /// <summary>The requests of it that this gateway holds, if other gateways run it, too; null if this one does alone.</summary>
    public HeldRuns? Runs { get; }

    /// <summary>The progress of loading its requests.</summary>
    public LoadCursor Loading { get; }

    /// <summary>Stops it.</summary>
    public BatchStop Stop { get; }

    /// <summary>As it was last stored. Only the committer sets it.</summary>
    public BatchRecord Record
    {
        get => _record;
        set => _record = value;
    }

    /// <summary>Takes a newer record; one that is older than what is known changes nothing.</summary>
    public void Advance(BatchRecord record)
    {
        lock (Requests)
        {
            if (record.Finished >= _record.Finished)
            {
                _record = record.Attributes is null ? record : record with { Attributes = null };
            }
        }
    }

    /// <summary>The store had no room for some of its results: no more are made before it has. Only the committer sets it.</summary>
    public bool HasUnstored
    {
        get => _hasUnstored;
        set => _hasUnstored = value;
    }

    /// <summary>The span of a spawner, by its id; the default if it was not recorded, or before this start.</summary>
    public ActivityContext FindSpawnerSpan(string id) => _spawnerSpans?.GetValueOrDefault(id) ?? default;

    /// <summary>Keeps the span of a spawner, for the pages that are loaded later.</summary>
    public void AddSpawnerSpan(string id, ActivityContext span) =>
        LazyInitializer.EnsureInitialized(ref _spawnerSpans)[id] = span;

    /// <inheritdoc cref="BatchStop.Token"/>
    public CancellationToken Stopping => Stop.Token;

    /// <inheritdoc cref="BatchStop.Reason"/>
    public Failure StopReason => Stop.Reason;

    /// <summary>
    /// Claims a request to run it; false also if the batch was stopped. One that is stopped at the same moment ends either
    /// way: whoever has claimed the request finds that it is aborted.
    /// </summary>
    public bool TryClaimToRun(int index) => StopReason == Failure.None && Requests.TryClaim(index);

    /// <summary>A request is about to be sent.</summary>
    public void CountBegun() => Interlocked.Increment(ref _underWay);

    /// <summary>A request was answered, or given up. False if no other is under way.</summary>
    public bool CountEnded() => Interlocked.Decrement(ref _underWay) > 0;

    /// <inheritdoc cref="BatchStop.Dispose"/>
    public void Dispose()
    {
        Stop.Dispose();
        Dependencies?.Dispose();
    }
}
