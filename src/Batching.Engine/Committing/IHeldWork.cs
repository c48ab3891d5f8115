using Batching.Engine.Running;

namespace Batching.Engine.Committing;

/// <summary>A request that waits in <see cref="StoreHealth"/> while the store fails.</summary>
internal interface IHeldWork
{
    /// <summary>Its batch.</summary>
    ActiveBatch Batch { get; }

    /// <summary>Puts it into the queue of its upstream again.</summary>
    void Resume();
}
