namespace Batching.Engine.Spawning;

/// <summary>The items of a page.</summary>
/// <param name="Count">How many there are; null if the page has no array of them, or was not read so far.</param>
/// <param name="First">The first one; meaningless if there is none.</param>
/// <param name="Last">The last one.</param>
internal readonly record struct PageItems(int? Count, Range First, Range Last);
