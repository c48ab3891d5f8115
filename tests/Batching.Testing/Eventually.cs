using System.Diagnostics;

namespace Batching.Testing;

/// <summary>Waits for what nobody announces, and not for ever: the machine may be busy.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest wait for something that should come at once.</summary>
    public static TimeSpan Deadline { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Looks again and again until something is so.</summary>
    /// <param name="isSo">Whether it is so.</param>
    /// <param name="what">What is waited for: the message if it never comes.</param>
    public static async Task BeTrueAsync(Func<Task<bool>> isSo, string what)
    {
        var started = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(started.Elapsed < Deadline, $"Waited {Deadline} in vain: {what}.");
            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    /// <inheritdoc cref="BeTrueAsync(Func{Task{bool}}, string)"/>
    public static Task BeTrueAsync(Func<bool> isSo, string what) => BeTrueAsync(() => Task.FromResult(isSo()), what);

    /// <summary>Waits for a task, but not for ever.</summary>
    /// <param name="task">The task.</param>
    /// <param name="what">What is waited for: the message if it does not come.</param>
    public static async Task<T> WithDeadlineAsync<T>(this Task<T> task, string what = "the task has not ended")
    {
        await ((Task)task).WithDeadlineAsync(what);
        return await task;
    }

    /// <inheritdoc cref="WithDeadlineAsync{T}"/>
    public static async Task WithDeadlineAsync(this Task task, string what = "the task has not ended")
    {
        try
        {
            await task.WaitAsync(Deadline);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            Assert.Fail($"Waited {Deadline} in vain: {what}.");
        }
    }
}
