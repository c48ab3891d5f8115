using System.Globalization;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Checking;

/// <summary>
/// Requests are sent after all that they depend on, spawners with their pages, and nothing of that is sent once more after a kill:
/// then its result was not stored when it should have been.
/// </summary>
internal static class DependencyCheck
{
    public static IEnumerable<Violation> Check(CrashHistory history, UpstreamLog log) =>
        from submission in history.Submissions
        let plans = submission.Plan.Requests.ToDictionary(request => request.Token)
        from request in submission.Plan.Requests
        from other in request.DependsOn
        let first = NumbersOf(request, log).DefaultIfEmpty(long.MaxValue).Min()
        let last = NumbersOf(plans[other], log).DefaultIfEmpty(0).Max()
        where last > first
        select new Violation(
            ViolationKind.SentTooEarly,
            string.Create(CultureInfo.InvariantCulture, $"{request.Token} was sent as call {first}, and {other} that it depends on as call {last}"));

    private static IEnumerable<long> NumbersOf(RequestPlan request, UpstreamLog log) => Enumerable.Range(1, request.Answer.Pages)
        .SelectMany(page => log.CallsOf(string.Create(CultureInfo.InvariantCulture, $"{request.Token}.{page}")))
        .Concat(log.CallsOf(request.Token))
        .Select(call => call.Number);
}
