using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.Plan;

/// <summary>A request of a batch, and what the upstream is to do with it.</summary>
/// <param name="Token">Which request it is: no other has the same.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path, with the plan of the answer.</param>
internal sealed record RequestPlan(string Token, string Method, string Path)
{
    /// <summary>The value of the header field; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>JSON; empty for none.</summary>
    public string Body { get; init; } = "";

    /// <summary>How its pages follow each other, if it has any.</summary>
    public SpawnerKind Spawner { get; init; }

    /// <summary>The tokens of the requests, which are their keys, that have to be done before it is sent, however they end.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];

    /// <summary>What the upstream answers.</summary>
    public required AnswerPlan Answer { get; init; }

    /// <summary>Sending it again could do something twice.</summary>
    public bool MustNotRepeat => Method is "POST" or "PATCH" && IdempotencyKey is null;
}
