using Batching.CrashTests.History;

namespace Batching.CrashTests.Callers;

/// <summary>A page of results.</summary>
internal sealed record ResultPage(Counters Counters, long Position, IReadOnlyList<ResultSeen> Results);
