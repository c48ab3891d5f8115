using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>A request with what came of it, not stored yet.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Index">Its index; of no meaning with an origin.</param>
/// <param name="Reply">What came of it.</param>
/// <param name="DoneTime">When.</param>
internal sealed record FinishedRequest(ActiveBatch Batch, int Index, UpstreamReply Reply, DateTimeOffset DoneTime)
{
    // What a result takes beside its bytes: its objects here and its entry in the store.
    private const int Overhead = 256;

    /// <summary>The requests it has spawned, to be stored with it.</summary>
    public IReadOnlyList<SpawnedRequest> Spawned { get; init; } = [];

    /// <summary>How it was spawned itself, if its index was not known yet when it was sent.</summary>
    public SpawnedRequest? Origin { get; init; }

    /// <summary>It was sent and must not be sent again, so that its outcome is needed even where its response is lost.</summary>
    public bool MustNotRepeat { get; init; }

    /// <summary>It is stored in its turn among those of its batch: what was spawned gets its indexes in that order.</summary>
    public bool IsInOrder => Spawned.Count > 0 || Origin is not null;

    /// <summary>Its index, known once the request that spawned it is on its way to the store.</summary>
    public int StoredIndex => Origin?.Index ?? Index;

    public long Bytes => Reply.Body.Length + Reply.Headers.Length + Overhead;
}
