using Batching.Engine.Dependencies;
using Batching.Engine.Model;

namespace Batching.Engine.Submission;

/// <summary>A batch that was found to be right, as it is accepted.</summary>
/// <param name="Count">How many requests it has.</param>
/// <param name="Spawners">How many of them are spawners.</param>
/// <param name="Windows">The requests, but those that are staged.</param>
internal sealed record CheckedBatch(int Count, int Spawners, IReadOnlyList<RequestWindow> Windows)
{
    /// <summary>The number that the first requests are staged under; null if none are.</summary>
    public long? StagedKey { get; init; }

    /// <summary>The times of its run, and its priority.</summary>
    public Schedule Schedule { get; init; } = Schedule.AtOnce;

    /// <summary>The URL that is told of it; null if none is.</summary>
    public WebhookTarget? Notify { get; init; }

    /// <summary>The key by which it is recognised if it is submitted again; null for none.</summary>
    public SubmissionKey? Key { get; init; }

    /// <summary>The terms of a dialect; null for those of every batch.</summary>
    public BatchTerms? Terms { get; init; }

    /// <summary>The dependencies between its requests; null if there are none.</summary>
    public DependencyGraph? Dependencies { get; init; }

    /// <summary>The number of <see cref="Dependencies"/>.</summary>
    public int Edges { get; init; }
}
