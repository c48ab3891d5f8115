using Batching.Engine.Committing;

namespace Batching.Engine.Hosting;

/// <summary>Tells whether the engine can do its work. Thread-safe.</summary>
public sealed class EngineHealth
{
    private readonly StoreHealth _store;

    internal EngineHealth(StoreHealth store) => _store = store;

    /// <summary>
    /// Whether anything can be stored, as far as the last attempts tell: false from one that failed until one that did not,
    /// and for 10 s at most, so that somebody tries again.
    /// </summary>
    public bool CanStore => !_store.IsFailing;
}
