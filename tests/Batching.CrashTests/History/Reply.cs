namespace Batching.CrashTests.History;

/// <summary>A reply with results, as far as it was read.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Form">The call.</param>
/// <param name="After">The position it began behind; null for the received mark.</param>
/// <param name="IsComplete">It was read to its end; a stream with its last record.</param>
/// <param name="Incarnation">Which process gave it: 0, 1, 2 … in the order of starts.</param>
/// <param name="Results">What it carried; of an incomplete page nothing.</param>
internal sealed record Reply(
    string BatchId,
    ReplyForm Form,
    long? After,
    bool IsComplete,
    int Incarnation,
    IReadOnlyList<ResultSeen> Results);
