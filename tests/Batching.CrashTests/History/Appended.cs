namespace Batching.CrashTests.History;

/// <summary>An append to an open batch that was acknowledged.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="RequestIds">The ids from the reply.</param>
internal sealed record Appended(string BatchId, IReadOnlyList<string> RequestIds);
