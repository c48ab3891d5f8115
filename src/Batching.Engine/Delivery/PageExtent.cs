namespace Batching.Engine.Delivery;

/// <summary>The extent of a page, and what it takes.</summary>
/// <param name="Last">The last position in it.</param>
/// <param name="PayloadBytes">Of all segments that it reads.</param>
/// <param name="LargestBytes">Of the largest of them.</param>
internal readonly record struct PageExtent(int Last, long PayloadBytes, long LargestBytes);
