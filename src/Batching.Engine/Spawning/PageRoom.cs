namespace Batching.Engine.Spawning;

/// <summary>The room that a query has to spawn at the moment.</summary>
/// <param name="Pages">Pages, at least 1: one takes the place of the request that spawns it.</param>
/// <param name="Refusal">Why it may spawn nothing at all, which ends it; null if it may.</param>
internal readonly record struct PageRoom(int Pages, string? Refusal);
