using Batching.Engine.Model;
using Batching.Engine.Running;

namespace Batching.Engine.Spawning;

/// <summary>The outcome of a page.</summary>
/// <param name="Requests">What follows it; may be none.</param>
/// <param name="Instead">Takes the place of its answer, which repeats one that the caller has; null for nothing.</param>
internal readonly record struct PageOutcome(IReadOnlyList<SpawnedRequest> Requests, UpstreamReply? Instead = null);
