using System.Diagnostics;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Waits for what nobody announces.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks again and again until something is so.</summary>
    /// <param name="isSo">Whether it is so.</param>
    /// <param name="what">What is waited for: the message if it never comes.</param>
    public static async Task BeTrueAsync(Func<Task<bool>> isSo, string what)
    {
        var started = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (started.Elapsed > Deadline)
            {
                throw new TimeoutException($"Waited {Deadline} in vain until {what}.");
            }

            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    /// <inheritdoc cref="BeTrueAsync(Func{Task{bool}}, string)"/>
    public static Task BeTrueAsync(Func<bool> isSo, string what) => BeTrueAsync(() => Task.FromResult(isSo()), what);

    /// <summary>Waits for a task, but not for ever.</summary>
    public static async Task<T> WithDeadlineAsync<T>(this Task<T> task, string what)
    {
        try
        {
            return await task.WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Waited {Deadline} in vain until {what}.");
        }
    }

    /// <inheritdoc cref="WithDeadlineAsync{T}"/>
    public static async Task WithDeadlineAsync(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Waited {Deadline} in vain until {what}.");
        }
    }
}
