namespace Batching.Engine.Storage;

/// <summary>Everything that a gateway finds when it looks at what others have done.</summary>
/// <param name="OpenBatches">Shared batches of which some requests are held by nobody, some of them if there are very many.</param>
/// <param name="HasBatches">Whether there are batches to take as a whole.</param>
/// <param name="Ended">Batches that were cancelled, expired or deleted, by whomever, in the order of the commits.</param>
/// <param name="Grown">Those of the watched batches that have another number of results than is known, or are gone.</param>
/// <param name="Gateways">The number of gateways that live.</param>
/// <param name="Rank">The place of this one among them, from the oldest on, which has 0.</param>
/// <param name="Pauses">Upstreams that have asked to be left alone, by whose calls (null for all), and for how long still.</param>
public sealed record SharedChanges(
    IReadOnlyList<long> OpenBatches,
    bool HasBatches,
    IReadOnlyList<(long BatchKey, BatchChange Change)> Ended,
    IReadOnlyList<(long BatchKey, int Finished)> Grown,
    int Gateways,
    int Rank,
    IReadOnlyList<(string Upstream, string? Owner, TimeSpan Left)> Pauses);
