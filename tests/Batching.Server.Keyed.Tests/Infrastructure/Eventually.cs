using System.Diagnostics;

namespace Batching.Server.Keyed.Tests.Infrastructure;

/// <summary>Waits for what nobody announces, and not for ever.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

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

    public static Task BeTrueAsync(Func<bool> isSo, string what) => BeTrueAsync(() => Task.FromResult(isSo()), what);
}
