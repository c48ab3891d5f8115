namespace Batching.CrashTests.History;

/// <summary>An owner has asked for the batch of another one.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Owner">Who asked.</param>
/// <param name="Answer">What came instead of a 404; null if it was one.</param>
internal sealed record Probe(string BatchId, int Owner, string? Answer);
