using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>An owner, and what its batches take.</summary>
/// <param name="Owner">Who: an opaque text.</param>
/// <param name="Usage">What its batches take of the store.</param>
public readonly record struct OwnerTotals(string Owner, OwnerUsage Usage);
