namespace Batching.Engine.Storage;

/// <summary>Something to be done once this gateway holds the store, before it serves the first call.</summary>
public interface IHoldStart
{
    /// <summary>Does it.</summary>
    ValueTask StartAsync(CancellationToken cancellationToken);
}
