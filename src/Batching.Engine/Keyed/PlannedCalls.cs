using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>The calls of a keyed batch that is stored.</summary>
/// <param name="Requests">Those that can be made, by their keys, and in their order.</param>
/// <param name="Known">The responses of the others. The keys are indexes of the calls.</param>
public sealed record PlannedCalls(IReadOnlyList<Request> Requests, IReadOnlyDictionary<int, Response> Known);
