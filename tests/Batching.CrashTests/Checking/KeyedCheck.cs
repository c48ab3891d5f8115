using Batching.CrashTests.History;

namespace Batching.CrashTests.Checking;

/// <summary>The replies of keyed batches are the upstream's answers.</summary>
internal static class KeyedCheck
{
    public static IEnumerable<Violation> Check(CrashHistory history, UpstreamLog log) => history.KeyedReplies
        .Select(reply => reply.Error switch
        {
            null when log.HasAnswered(reply.Token, reply.Status, reply.Hash) => null,
            null => new Violation(ViolationKind.WrongBytes, $"a keyed batch has what the API never answered: {reply}"),
            "UPSTREAM_RESET" when log.HasCut(reply.Token) => null,
            _ => new Violation(ViolationKind.UnexplainedError, $"a keyed batch has {reply}"),
        })
        .OfType<Violation>();
}
