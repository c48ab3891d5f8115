using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;

namespace Batching.Engine.Spawning;

/// <summary>The requests that a spawner or a page of it has produced.</summary>
/// <param name="Requests">To be stored together with its result; may be none.</param>
/// <param name="Lease">What of the owner's quotas they take, held until they are stored; null if they take nothing.</param>
internal readonly record struct Spawned(IReadOnlyList<SpawnedRequest> Requests, QuotaLease? Lease)
{
    /// <summary>Takes the place of the answer of the page (<see cref="PageOutcome.Instead"/>); null for nothing.</summary>
    public UpstreamReply? Instead { get; init; }

    /// <summary>Nothing.</summary>
    public static Spawned None => new([], null);
}
