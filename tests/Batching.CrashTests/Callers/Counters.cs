namespace Batching.CrashTests.Callers;

/// <summary>The counters of a batch.</summary>
internal sealed record Counters(long Total, long Running);
