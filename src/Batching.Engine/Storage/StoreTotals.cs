namespace Batching.Engine.Storage;

/// <summary>The content of a store at one moment.</summary>
/// <param name="Running">Batches that have requests without a result.</param>
/// <param name="Done">Batches of which every request has its result.</param>
/// <param name="Cancelled">Batches that their callers have cancelled.</param>
/// <param name="Expired">Batches whose time is over, whether their bodies are deleted yet or not.</param>
/// <param name="UsedBytes">Bytes that its content takes.</param>
/// <param name="FreeBytes">Bytes that it has reserved and does not use at the moment.</param>
/// <param name="MaxBytes">Bytes that it may grow to; null for no limit.</param>
public sealed record StoreTotals(
    long Running, long Done, long Cancelled, long Expired, long UsedBytes, long FreeBytes, long? MaxBytes);
