namespace Batching.Engine.Model;

/// <summary>The part of the store that the batches of one owner take.</summary>
/// <param name="Batches">Batches that are not done.</param>
/// <param name="Requests">Requests without a result.</param>
/// <param name="Bytes">
/// Encoded requests, as long as their batch is there, and the payloads of results until they are deleted.
/// </param>
public readonly record struct OwnerUsage(int Batches, long Requests, long Bytes);
