namespace Batching.CrashTests.History;

/// <summary>A batch as it is when everything has finished.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Owner">In whose list it is.</param>
/// <param name="Total">All requests.</param>
/// <param name="Running">Requests without a result.</param>
/// <param name="Results">The whole log of results, read from its beginning.</param>
internal sealed record FinalBatch(
    string BatchId, int Owner, long Total, long Running, IReadOnlyList<ResultSeen> Results);
