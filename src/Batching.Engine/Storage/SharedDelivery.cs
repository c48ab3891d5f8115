namespace Batching.Engine.Storage;

/// <summary>A reservation of results of a batch.</summary>
/// <param name="First">The first position; 0 if there is none to reserve.</param>
/// <param name="Last">The last position.</param>
/// <param name="Written">Every position up to it was received, or was written completely.</param>
/// <param name="IsOnTheWay">Whether others are on their way to a client.</param>
public readonly record struct SharedDelivery(int First, int Last, int Written, bool IsOnTheWay);
