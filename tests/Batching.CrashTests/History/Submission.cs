using Batching.CrashTests.Plan;

namespace Batching.CrashTests.History;

/// <summary>A batch that was handed to the gateway.</summary>
/// <param name="Plan">What was handed over.</param>
/// <param name="Began">When.</param>
/// <param name="BatchId">The id from the reply; null if the reply did not come, so that it may exist or not.</param>
/// <param name="RequestIds">The ids from the reply.</param>
internal sealed record Submission(
    BatchPlan Plan, DateTimeOffset Began, string? BatchId, IReadOnlyList<string> RequestIds);
