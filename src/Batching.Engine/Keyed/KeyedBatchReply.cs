using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>
/// The reply to a keyed batch. Its bodies are in pooled buffers: dispose it when the reply is written, and don't touch
/// the message afterwards.
/// </summary>
public sealed class KeyedBatchReply : IDisposable
{
    private readonly KeyedRun? _run;

    internal KeyedBatchReply(RunBatchResponse response, KeyedRun? run)
    {
        Response = response;
        _run = run;
    }

    /// <summary>A reply for each call, in the order of the calls.</summary>
    public RunBatchResponse Response { get; }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose() => _run?.Dispose();
}
