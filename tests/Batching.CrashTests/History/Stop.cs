using Batching.CrashTests.Plan;

namespace Batching.CrashTests.History;

/// <summary>A batch was to be cancelled or deleted.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Fate">What was asked for.</param>
/// <param name="IsAcknowledged">The reply came; else it may have happened or not.</param>
internal sealed record Stop(string BatchId, Fate Fate, bool IsAcknowledged);
