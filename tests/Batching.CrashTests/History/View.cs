namespace Batching.CrashTests.History;

/// <summary>The counters of a batch in a reply.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Total">All requests.</param>
/// <param name="Running">Requests without a result.</param>
/// <param name="Asked">When the call was made, in ticks of one clock.</param>
/// <param name="Answered">When the reply was there.</param>
internal sealed record View(string BatchId, long Total, long Running, long Asked, long Answered);
