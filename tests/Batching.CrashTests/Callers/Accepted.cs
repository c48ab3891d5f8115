namespace Batching.CrashTests.Callers;

/// <summary>The reply to a submission.</summary>
internal sealed record Accepted(string BatchId, IReadOnlyList<string> RequestIds);
