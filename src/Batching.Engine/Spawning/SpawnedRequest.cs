using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>A request that a spawner or a page of it has produced, not stored yet.</summary>
/// <param name="Definition">The request.</param>
/// <param name="End">How the query ends instead of sending it; null to send it.</param>
internal sealed record SpawnedRequest(Request Definition, UpstreamReply? End = null)
{
    /// <summary>
    /// Sent as soon as it is known, before it is stored. Others are loaded when they are stored, like those that were
    /// submitted.
    /// </summary>
    public bool RunsAtOnce { get; init; }

    /// <summary>Its index in the batch, once the committer has given it one; -1 before.</summary>
    public int Index { get; set; } = -1;
}
