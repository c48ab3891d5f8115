using Batching.V1;

namespace Batching.Security.Tests.Hostile;

/// <summary>A request that has to be refused.</summary>
/// <param name="Request">The request.</param>
/// <param name="Field">The field that the refusal names, as it is within a request of the contract.</param>
/// <param name="Message">What the refusal says of it.</param>
public sealed record HostileCase(Request Request, string Field, string Message)
{
    /// <summary>
    /// Whether it is hostile as a call of a keyed batch over REST, too, where a path without a slash at its beginning is
    /// relative to that of the batch.
    /// </summary>
    public bool IsHostileInV2 { get; init; } = true;

    /// <summary>Whether it is hostile as JSON, too, and JSON can say it.</summary>
    public bool IsJson { get; init; } = true;

    // Not the whole request: a Struct may hold what has no JSON.
    public override string ToString() => $"{Request.Method} {Request.Path} should be refused: {Field} {Message}";
}
