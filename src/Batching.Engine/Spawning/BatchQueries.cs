using System.Collections.Concurrent;

namespace Batching.Engine.Spawning;

/// <summary>The queries of one batch. Thread-safe.</summary>
internal sealed class BatchQueries
{
    private readonly ConcurrentDictionary<int, Lazy<Task<SpawnerState>>> _spawners = new();
    private readonly Lock _lock = new();
    private Task<ILookup<string, int>>? _spawnedBefore;

    /// <summary>The query of a spawner, by its index.</summary>
    public Task<SpawnerState> GetAsync(int index, Func<Task<SpawnerState>> load) =>
        _spawners.GetOrAdd(index, _ => new Lazy<Task<SpawnerState>>(load)).Value;

    /// <summary>
    /// The pages that had been spawned before the gateway took the batch up: the indexes of the pages by the id of their spawner.
    /// Empty unless the gateway was restarted meanwhile.
    /// </summary>
    public Task<ILookup<string, int>> GetSpawnedBeforeAsync(Func<Task<ILookup<string, int>>> load)
    {
        lock (_lock)
        {
            return _spawnedBefore ??= load();
        }
    }
}
