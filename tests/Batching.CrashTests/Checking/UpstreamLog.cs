using Batching.CrashTests.History;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.Checking;

/// <summary>What the upstream received and answered, by token.</summary>
internal sealed class UpstreamLog(CrashHistory history)
{
    private readonly ILookup<string, ReceivedCall> _calls = history.Calls.ToLookup(call => call.Token);
    private readonly ILookup<string, GivenAnswer> _answers = history.Answers.ToLookup(answer => answer.Token);

    public IEnumerable<ReceivedCall> CallsOf(string token) => _calls[token];

    /// <summary>Whether a response was an answer of the upstream.</summary>
    public bool HasAnswered(string token, int status, string hash, long? size = null) => _answers[token].Any(answer =>
        !answer.IsCut && answer.Status == status && answer.Hash == hash && answer.Size == (size ?? answer.Size));

    /// <summary>Whether the upstream has broken a connection.</summary>
    public bool HasCut(string token) => _answers[token].Any(answer => answer.IsCut);
}
