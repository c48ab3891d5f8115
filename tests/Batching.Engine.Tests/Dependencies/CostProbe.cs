using System.Diagnostics;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Xunit.Abstractions;

namespace Batching.Engine.Tests.Dependencies;

public sealed class CostProbe(ITestOutputHelper output)
{
    [Fact]
    public async Task Probe()
    {
        const int count = 10_000;
        await using var upstream = await TestApi.StartUnrecordedAsync(context => Task.CompletedTask);
        foreach (var shape in new[] { "warm", "none", "chain", "none", "chain", "none8", "out8", "none8", "out8" })
        {
            using var directory = new TemporaryDirectory();
            await using var engine = await EngineHost.StartAsync(directory, upstream, shape.EndsWith('8') ? 8 : 1);
            var requests = Enumerable.Range(0, count).Select(i =>
            {
                var request = new Request { Path = $"/x/{i}", Key = $"{i}" };
                if (i > 0 && shape == "chain")
                {
                    request.DependsOn.Add($"{i - 1}");
                }
                else if (i > 0 && shape == "out8")
                {
                    request.DependsOn.Add("0");
                }

                return request;
            }).ToArray();
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var batch = await engine.SubmitAsync(requests);
            for (var done = 500; done <= count; done += 500)
            {
                await engine.UntilFinishedAsync(batch.Id, done);
            }

            output.WriteLine($"{shape}: cpu {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds:F2} wall {watch.Elapsed.TotalSeconds:F2}");
        }
    }
}
