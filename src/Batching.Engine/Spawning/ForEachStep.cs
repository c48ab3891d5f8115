using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;

namespace Batching.Engine.Spawning;

/// <summary>A step of a request that makes others of the elements of a list.</summary>
/// <param name="Requests">Those that it has made.</param>
/// <param name="Lease">What of the owner's quotas they take, held until they are stored; null if they take nothing.</param>
/// <param name="End">The result, with which it is over; null if it goes on.</param>
/// <param name="Waits">Nothing can be made before something has changed.</param>
internal readonly record struct ForEachStep(
    IReadOnlyList<SpawnedRequest> Requests, QuotaLease? Lease, UpstreamReply? End, bool Waits)
{
    /// <summary>Nothing can be made before something has changed.</summary>
    public static ForEachStep Wait => new([], null, null, true);

    /// <summary>It is over.</summary>
    public static ForEachStep Ended(UpstreamReply end) => new([], null, end, false);
}
