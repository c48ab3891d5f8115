namespace Batching.SampleApi;

/// <summary>A thing of the collection. <c>Changed</c> is in seconds since the epoch.</summary>
internal sealed record Item(int Id, string Name, long Changed);
