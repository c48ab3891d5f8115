namespace Batching.Engine.Tests.Infrastructure;

/// <summary>Waits for what can't be signalled.</summary>
internal static class Poll
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);

    /// <summary>Waits until something is so; fails with what was waited for.</summary>
    public static Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(() => Task.FromResult(isSo()), what);

    /// <summary>Waits until something is so; fails with what was waited for.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, $"Waited {Deadline.TotalSeconds} s in vain: {what}.");
            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    /// <summary>Waits for a task; fails with what was waited for.</summary>
    public static async Task<T> ForAsync<T>(Task<T> task, string what)
    {
        await ForAsync((Task)task, what);
        return await task;
    }

    /// <summary>Waits for a task; fails with what was waited for.</summary>
    public static async Task ForAsync(Task task, string what)
    {
        try
        {
            await task.WaitAsync(Deadline, TimeProvider.System);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            Assert.Fail($"Waited {Deadline.TotalSeconds} s in vain: {what}.");
        }
    }
}
