using Batching.CrashTests.History;

namespace Batching.CrashTests.Callers;

/// <summary>A record of a stream.</summary>
/// <param name="Result">The result; null in the last record.</param>
/// <param name="Running">In the last record, how many requests have no result.</param>
internal sealed record StreamRecord(ResultSeen? Result, long Running);
