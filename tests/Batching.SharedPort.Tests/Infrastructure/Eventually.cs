using System.Diagnostics;

namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>Waits, but not for ever: the machine may be busy.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks again and again until something is so.</summary>
    public static async Task BeTrueAsync(Func<bool> isSo, string what)
    {
        var started = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(started.Elapsed < Deadline, $"Waited {Deadline} in vain until {what}.");
            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    public static Task WithDeadlineAsync(this Task task) => task.WaitAsync(Deadline);

    public static Task<T> WithDeadlineAsync<T>(this Task<T> task) => task.WaitAsync(Deadline);
}
