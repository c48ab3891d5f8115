using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Keyed;

/// <summary>Facts about the calls of a keyed batch beside the calls themselves. The keys are their indexes.</summary>
public sealed class CallPlan
{
    /// <summary>Problems that were found before, for example when JSON was read. Such a call is not made, and gets a 400.</summary>
    public IReadOnlyDictionary<int, Problem> Problems { get; init; } = new Dictionary<int, Problem>();

    /// <summary>Calls that are not made, and the responses that they get.</summary>
    public IReadOnlyDictionary<int, Response> Responses { get; init; } = new Dictionary<int, Response>();

    /// <summary>
    /// The calls that each waits for. All of them stand before it, so that none waits for itself. It is made once each of them has
    /// a status of 2xx; it gets a 424, and is not made, as soon as one of them has another.
    /// </summary>
    public IReadOnlyDictionary<int, IReadOnlyList<int>> DependsOn { get; init; } =
        new Dictionary<int, IReadOnlyList<int>>();
}
