using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Running;

/// <summary>The batches that this gateway is working on. Thread-safe.</summary>
internal sealed class ActiveBatches
{
    private readonly ConcurrentDictionary<long, ActiveBatch> _batches = new();

    /// <summary>All of them, as they are while they are enumerated.</summary>
    public IEnumerable<ActiveBatch> All => _batches.Select(pair => pair.Value);

    public void Add(ActiveBatch batch) => _batches[batch.Key] = batch;

    /// <summary>Those that other gateways run, too.</summary>
    public IEnumerable<ActiveBatch> Shared => _batches.Values.Where(batch => batch.Runs is not null);

    public void Remove(long batchKey)
    {
        if (_batches.TryRemove(batchKey, out var batch))
        {
            batch.Dispose();
        }
    }

    public bool TryGet(long batchKey, [MaybeNullWhen(false)] out ActiveBatch batch) =>
        _batches.TryGetValue(batchKey, out batch);
}
