using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Checking;

/// <summary>A result is what the upstream answered; where it is not, there is a reason that can be seen.</summary>
internal static class ResultCheck
{
    // What the API seems to have answered for a spawner.
    private const int SpawnerSize = 2;

    public static IEnumerable<Violation> Check(CheckedBatch batch, UpstreamLog log, IReadOnlyList<DateTimeOffset> kills)
    {
        var requests = batch.Plan.Requests.ToDictionary(request => request.Token);
        return (batch.Final?.Results ?? [])
            .Concat(batch.Replies.SelectMany(reply => reply.Results))
            .DistinctBy(result => (result.Token, result.Status, result.Error, result.Size, result.Hash))
            .Select(result => CheckResult(batch, result, requests, log, kills))
            .OfType<Violation>();
    }

    private static Violation? CheckResult(
        CheckedBatch batch,
        ResultSeen result,
        Dictionary<string, RequestPlan> requests,
        UpstreamLog log,
        IReadOnlyList<DateTimeOffset> kills)
    {
        var dot = result.Token.IndexOf('.', StringComparison.Ordinal);
        if (!requests.TryGetValue(dot < 0 ? result.Token : result.Token[..dot], out var request))
        {
            return new Violation(
                ViolationKind.WrongBytes, $"{batch} has a result for {result.Token}, which is not of it");
        }

        switch (result.Error)
        {
            case null when request.Spawner != SpawnerKind.None && dot < 0:
                return result is { Status: 200, Size: SpawnerSize }
                    ? null
                    : new Violation(ViolationKind.WrongBytes, $"{batch} has for the spawner {result}");
            case null:
                return log.HasAnswered(result.Token, result.Status, result.Hash, result.Size)
                    ? null
                    : new Violation(ViolationKind.WrongBytes, $"{batch} has what the API never answered: {result}");
            case "INTERRUPTED":
                return CheckInterrupted(batch, result, request, kills);
            case "UPSTREAM_RESET" when log.HasCut(result.Token):
            case "CANCELLED" when batch.MayBeStopped:
                return null;
            default:
                return new Violation(ViolationKind.UnexplainedError, $"{batch} has {result}");
        }
    }

    // Only a kill between the submission and the result explains it. When the call came in tells less: it may have been
    // on its way while its server was killed.
    private static Violation? CheckInterrupted(
        CheckedBatch batch,
        ResultSeen result,
        RequestPlan request,
        IReadOnlyList<DateTimeOffset> kills)
    {
        if (!request.MustNotRepeat)
        {
            return new Violation(
                ViolationKind.InterruptedNeedlessly, $"{batch} has {result}, though the {request.Method} may be repeated");
        }

        var begin = batch.Submission.Began;

        // REST gives whole seconds.
        var end = result.DoneTime.AddSeconds(result.DoneTime.Millisecond == 0 ? 1 : 0);
        return kills.Any(kill => begin <= kill && kill <= end)
            ? null
            : new Violation(
                ViolationKind.InterruptedNeedlessly,
                $"{batch} has {result}, though no server was killed between {begin:HH:mm:ss.fff} and {end:HH:mm:ss.fff}");
    }
}
