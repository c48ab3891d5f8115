using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Telemetry;

namespace Batching.Engine.Committing;

/// <summary>A request with what came of it, not stored yet.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Index">Its index; of no meaning if it has <see cref="SpawnedFrom"/>.</param>
/// <param name="Reply">What came of it.</param>
/// <param name="DoneTime">When.</param>
internal sealed record FinishedRequest(ActiveBatch Batch, int Index, UpstreamReply Reply, DateTimeOffset DoneTime)
{
    // What a result takes beside its bytes: its objects here and its entry in the store.
    private const int Overhead = 256;

    private readonly long _spawnedBytes;

    /// <summary>The requests it has spawned, to be stored with it.</summary>
    public IReadOnlyList<SpawnedRequest> Spawned
    {
        get;
        init
        {
            field = value;
            _spawnedBytes = value.Sum(next => (long)next.Bytes);
        }
    } = [];

    /// <summary>The part of the owner's quotas that these take, held until they are stored.</summary>
    public IDisposable? Lease { get; init; }

    /// <summary>The way in which it was spawned itself, if its index was not known yet when it was sent.</summary>
    public SpawnedRequest? SpawnedFrom { get; init; }

    /// <summary>The numbers of the upstream that it was for; null if that is not known.</summary>
    public UpstreamMetrics? Upstream { get; init; }

    /// <summary>It was sent and must not be sent again, so that its outcome is needed even where its response is lost.</summary>
    public bool MustNotRepeat { get; init; }

    /// <summary>It goes on: what it has spawned is stored, and no result of it.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>It is stored in its turn among those of its batch: what was spawned gets its indexes in that order.</summary>
    public bool IsInOrder => Spawned.Count > 0 || SpawnedFrom is not null;

    /// <summary>Its index, known once the request that spawned it is on its way to the store.</summary>
    public int StoredIndex => SpawnedFrom?.Index ?? Index;

    public long Bytes => Reply.Body.Length + Reply.Headers.Length + Overhead + _spawnedBytes;

    /// <summary>It is stored, or never will be: gives back what it holds.</summary>
    public void Release()
    {
        Reply.Dispose();
        Lease?.Dispose();
    }
}
