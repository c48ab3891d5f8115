using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>A request with what came of it, not stored yet.</summary>
internal sealed record FinishedRequest(ActiveBatch Batch, int Index, UpstreamReply Reply, DateTimeOffset DoneTime)
{
    // What a result takes beside its bytes: its objects here and its entry in the store.
    private const int Overhead = 256;

    public long Bytes => Reply.Body.Length + Reply.Headers.Length + Overhead;
}
