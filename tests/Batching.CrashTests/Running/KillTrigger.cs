using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Running;

/// <summary>Kills a server when its moment has come. Thread-safe.</summary>
/// <param name="plan">When that is.</param>
/// <param name="kill">Kills it.</param>
internal sealed class KillTrigger(KillPlan plan, Action kill)
{
    private readonly TaskCompletionSource _killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    /// <summary>Done when the server was killed.</summary>
    public Task Killed => _killed.Task;

    /// <summary>Something has happened. On the thread it happened on: nothing comes between it and the kill.</summary>
    public void Count(KillMoment moment)
    {
        if (moment == plan.Moment && Interlocked.Increment(ref _count) == plan.Count)
        {
            _ = KillAsync();
        }
    }

    private async Task KillAsync()
    {
        if (plan.Delay > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(plan.Delay), TimeProvider.System);
        }

        kill();
        _killed.TrySetResult();
    }
}
