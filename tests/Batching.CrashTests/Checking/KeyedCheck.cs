using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>The replies of keyed batches are the upstream's answers.</summary>
internal static class KeyedCheck
{
    // Replies up to here fit into one message; how large the rest of it is depends on the calls.
    private const long RoomyBytes = 4_000_000;

    public static IEnumerable<Violation> Check(CrashHistory history, UpstreamLog log) => history.KeyedReplies
        .Select(reply => reply.Error switch
        {
            null when log.HasAnswered(reply.Token, reply.Status, reply.Hash) => null,
            null => new Violation(ViolationKind.WrongBytes, $"a keyed batch has what the API never answered: {reply}"),
            "UPSTREAM_RESET" when log.HasCut(reply.Token) => null,
            "REPLY_TOO_LARGE" when IsTooLarge(history, reply.Token) => null,
            _ => new Violation(ViolationKind.UnexplainedError, $"a keyed batch has {reply}"),
        })
        .OfType<Violation>();

    // Tokens of one batch differ in what is behind the "r".
    private static bool IsTooLarge(CrashHistory history, string token)
    {
        var batch = token[..(token.IndexOf('r', StringComparison.Ordinal) + 1)];
        return history.KeyedCalls
            .Where(call => call.Token.StartsWith(batch, StringComparison.Ordinal))
            .Sum(call => (long)call.Answer.Size) > RoomyBytes;
    }
}
