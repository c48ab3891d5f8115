using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Drafts;

/// <summary>A part of a draft.</summary>
/// <param name="Requests">The next requests; none where there is a problem.</param>
/// <param name="Problem">The problem of one that can't be read; null for none.</param>
public readonly record struct DraftPart(IReadOnlyList<Request> Requests, Problem? Problem)
{
    /// <summary>The next requests.</summary>
    public static DraftPart Of(IReadOnlyList<Request> requests) => new(requests, null);

    /// <summary>One that can't be read.</summary>
    public static DraftPart Bad(Problem problem) => new([], problem);
}
