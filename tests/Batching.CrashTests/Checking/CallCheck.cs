using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Checking;

/// <summary>Requests reach the upstream as their callers gave them, and those that must not be repeated at most once.</summary>
internal static class CallCheck
{
    public static IEnumerable<Violation> Check(CrashHistory history, UpstreamLog log) =>
        history.Submissions
            .SelectMany(submission => submission.Plan.Requests.Select(request => (request, submission.Plan.Owner)))
            // The first owner runs the keyed batches.
            .Concat(history.KeyedCalls.Select(call => (call, Owner: 0)))
            .SelectMany(one => CheckRequest(one.Item1, history.Credentials[one.Owner], log));

    private static IEnumerable<Violation> CheckRequest(RequestPlan request, string credential, UpstreamLog log)
    {
        var calls = log.CallsOf(request.Token).ToList();
        if (request.MustNotRepeat && calls.Count > 1)
        {
            yield return new Violation(
                ViolationKind.UnsafeCallTwice,
                $"the {request.Method} {request.Token} reached the API {calls.Count} times, "
                + $"at {string.Join(" and ", calls.Select(call => call.Time.ToString("HH:mm:ss.fff", null)))}");
        }

        // A spawner itself is not sent, its pages are.
        for (var page = 1; page <= request.Answer.Pages; page++)
        {
            calls.AddRange(log.CallsOf($"{request.Token}.{page}"));
        }

        foreach (var call in calls)
        {
            if (call.IdempotencyKey != request.IdempotencyKey)
            {
                yield return new Violation(
                    ViolationKind.KeyChanged,
                    $"{call.Token} was sent with the key '{call.IdempotencyKey}' instead of '{request.IdempotencyKey}'");
            }

            if (call.Method != request.Method || call.Body != request.Body || call.Authorization != credential)
            {
                yield return new Violation(
                    ViolationKind.WrongCall,
                    $"{call.Token} was sent as {call.Method} '{call.Body}' by '{call.Authorization}' instead of "
                    + $"{request.Method} '{request.Body}' by '{credential}'");
            }
        }
    }
}
