using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Running;

/// <summary>A request that a spawner or a page of it has produced, not stored yet.</summary>
/// <param name="Row">What is stored of it (<see cref="Model.PageRow"/>).</param>
/// <param name="End">How the query ends instead of sending it; null to send it.</param>
internal sealed record SpawnedRequest(Request Row, UpstreamReply? End = null)
{
    // What it takes in memory beside its bytes.
    private const int Overhead = 512;

    /// <summary>
    /// The request as it is sent, where that happens as soon as it is known, before it is stored. Null for those that are
    /// loaded when they are stored, like requests that were submitted.
    /// </summary>
    public Request? Definition { get; init; }

    /// <summary>Whether it is sent before it is stored.</summary>
    public bool RunsAtOnce => Definition is not null;

    /// <summary>Its index in the batch, once the committer has given it one; -1 before.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Bytes that are stored of it.</summary>
    public int StoredBytes { get; } = Row.CalculateSize();

    /// <summary>About what it takes until it is stored.</summary>
    public int Bytes => StoredBytes + Overhead;
}
