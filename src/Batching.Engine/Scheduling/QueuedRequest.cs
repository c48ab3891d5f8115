using System.Diagnostics;
using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Scheduling;

/// <summary>A request of a stored batch that waits for its upstream.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Index">Its index in the batch.</param>
/// <param name="Call">What to send, and where.</param>
/// <param name="Bytes">What it holds of the budget for waiting requests.</param>
/// <param name="Runner">Runs it.</param>
internal sealed record QueuedRequest(
    ActiveBatch Batch, int Index, UpstreamCall Call, int Bytes, RequestRunner Runner) : IUpstreamWork, IHeldWork
{
    /// <summary>
    /// The way in which it was spawned, if it is sent before it is stored: then it has no index yet and holds nothing of the budget.
    /// </summary>
    public SpawnedRequest? SpawnedFrom { get; init; }

    /// <summary>Its index; -1 for one that was spawned and is not on its way to the store yet.</summary>
    public int StoredIndex => SpawnedFrom?.Index ?? Index;

    /// <summary>The activity of the request that has spawned it, if it is sent before it is stored and that one was recorded.</summary>
    public Activity? Cause { get; init; }

    /// <summary>The time since which it waits: it was submitted or spawned then, or its batch was to start.</summary>
    public DateTimeOffset CreateTime => Call.Request.CreateTime is { } spawned
        ? spawned.ToDateTimeOffset()
        : Batch.Record.StartTime ?? Batch.Record.CreateTime;

    /// <summary>It was claimed already, when its turn came before, and holds nothing of the budget any more.</summary>
    public bool IsClaimed { get; init; }

    public ValueTask RunAsync(ICallPlace place) => Runner.RunAsync(this, place);

    public void Resume() => Runner.Enqueue(this);
}
