using System.Diagnostics;

namespace Batching.Spawning.Tests.Infrastructure;

/// <summary>Waits for something that comes by itself.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    public static async Task BecomesTrueAsync(Func<Task<bool>> condition, string what, TimeSpan? deadline = null)
    {
        var started = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(started.Elapsed < (deadline ?? Deadline), $"Waited {started.Elapsed} for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
