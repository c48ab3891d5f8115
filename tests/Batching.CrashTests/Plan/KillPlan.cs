namespace Batching.CrashTests.Plan;

/// <summary>When a server is killed.</summary>
/// <param name="Moment">What it follows.</param>
/// <param name="Count">Which one of these since the start.</param>
/// <param name="Delay">How long after it. For a start-up a fraction of one that is not interrupted.</param>
internal sealed record KillPlan(KillMoment Moment, int Count, double Delay);
