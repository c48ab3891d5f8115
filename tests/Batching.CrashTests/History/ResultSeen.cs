namespace Batching.CrashTests.History;

/// <summary>A result as a reply has it.</summary>
/// <param name="RequestId">The id of the request.</param>
/// <param name="Token">The token of the request; of a page with the number of the page.</param>
/// <param name="Position">Its position.</param>
/// <param name="Status">The status code.</param>
/// <param name="Error">The reason if the gateway answered in the upstream's place, such as INTERRUPTED; else null.</param>
/// <param name="Size">Bytes of the body, as the reply says.</param>
/// <param name="Hash">Of the body, which the reply may have left out; of no bytes if there is an error.</param>
/// <param name="DoneTime">When it was complete: over gRPC to the millisecond, over REST to the second.</param>
internal sealed record ResultSeen(
    string RequestId,
    string Token,
    long Position,
    int Status,
    string? Error,
    long Size,
    string Hash,
    DateTimeOffset DoneTime)
{
    /// <summary>The reply has left the body out: it is read by a call of its own.</summary>
    public bool IsBodyOmitted { get; init; }

    /// <summary>Whether another reply says the same of it.</summary>
    public bool IsSameAs(ResultSeen other) =>
        (RequestId, Token, Position, Status, Error, Size, Hash)
        == (other.RequestId, other.Token, other.Position, other.Status, other.Error, other.Size, other.Hash);
}
