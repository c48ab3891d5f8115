using System.Diagnostics;
using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Batching.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Benchmarks.Robustness;

/// <summary>How long a start takes, with much or little in the store: until it serves, and until the work goes on.</summary>
internal static class RecoveryFigure
{
    private const int BodyBytes = 1024;
    private const int SegmentResults = 60;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private static readonly Shape[] Shapes =
    [
        new("nothing", 0, 0, 0, 0),
        new("1,000,000 results in batches of 1,000", 1_000, 1_000, 0, 0),
        new("1,000,000 results in batches of 10", 100_000, 10, 0, 0),
        new("100,000 requests in batches of 10,000", 0, 0, 10, 10_000),
        new("100,000 requests in batches of 10", 0, 0, 10_000, 10),
        new("1,000,000 results in batches of 1,000, 100,000 requests in batches of 10,000", 1_000, 1_000, 10, 10_000),
        new("1,000,000 results in batches of 10, 100,000 requests in batches of 10", 100_000, 10, 10_000, 10),
        new("one batch with 1,000,000 results and 100,000 requests", 0, 0, 1, 100_000, 1_000_000),
    ];

    public static async Task RunAsync(int rounds, IReadOnlyList<int> shapes)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        Console.WriteLine();
        Console.WriteLine(
            "| in the store | size, MiB | serving, s | first call at the API, s | all taken up, s | memory then, MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var shape in shapes.Count == 0 ? Shapes : shapes.Select(i => Shapes[i]))
        {
            var folder = Directory.CreateTempSubdirectory("batch-benchmark-start-");
            try
            {
                await SeedAsync(folder.FullName, shape);
                await MeasureAsync(folder.FullName, shape, rounds);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
    }

    private static async Task MeasureAsync(string folder, Shape shape, int rounds)
    {
        var serving = new Series();
        var firstCall = new Series();
        var takenUp = new Series();
        var memory = new Series();
        var megabytes = new FileInfo(Path.Combine(folder, "batch.db")).Length >> 20;
        for (var round = 0; round < rounds; round++)
        {
            // Its calls are never answered, so that every round finds the same.
            var first = new TaskCompletionSource();
            await using var api = await StartApiAsync(first);
            var (server, ready) = await GatewayServer.StartAsync(
                api.Urls.Single(), folder, new Dictionary<string, string> { ["Batch__ShutdownGrace"] = "00:00:00" });
            await using (server)
            {
                serving.Add(ready.TotalSeconds);
                if (shape.UnfinishedBatches > 0)
                {
                    await first.Task.WaitAsync(Deadline);
                    firstCall.Add(server.Started.Elapsed.TotalSeconds);
                }

                var waited = Stopwatch.StartNew();
                while (!server.Output.Any(line => line.Contains("Took up", StringComparison.Ordinal)))
                {
                    if (waited.Elapsed > Deadline)
                    {
                        throw new TimeoutException($"Nothing was taken up:\n{string.Join('\n', server.Output)}");
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
                }

                takenUp.Add(server.Started.Elapsed.TotalSeconds);
                memory.Add(server.Sample().ResidentMegabytes);
                await server.KillAsync();
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {shape.Name} | {megabytes} | {serving.ToText("0.00")} | {(shape.UnfinishedBatches > 0 ? firstCall.ToText("0.00") : "")} | {takenUp.ToText("0.00")} | {memory.ToText("0")} |"));
    }

    private static async Task<WebApplication> StartApiAsync(TaskCompletionSource first)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            first.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                .ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await app.StartAsync();
        return app;
    }

    private static async Task SeedAsync(string folder, Shape shape)
    {
        await using var store = new SqliteBatchStore(
            Options.Create(new SqliteStoreOptions { Directory = folder }), NullLogger<SqliteBatchStore>.Instance);
        await store.OpenAsync(CancellationToken.None);
        await AddAsync(store, shape.FinishedBatches, shape.FinishedSize, shape.FinishedSize);
        await AddAsync(
            store, shape.UnfinishedBatches, shape.UnfinishedSize + shape.FinishedOfUnfinished, shape.FinishedOfUnfinished);
    }

    // The newest batches are the unfinished ones.
    private static async Task AddAsync(SqliteBatchStore store, int batches, int requests, int finished)
    {
        var writes = new List<StoreWrite>();
        var definitions = Enumerable.Range(0, requests)
            .Select(i => new Request { Path = $"/items/{i}", Method = "GET" })
            .ToArray();
        var windows = RequestWindow.Encode(definitions, 0);
        var written = 0;
        for (var i = 0; i < batches; i++)
        {
            var now = TimeProvider.System.GetUtcNow();
            var record = new BatchRecord
            {
                Key = await store.ReserveKeysAsync(1 + requests, CancellationToken.None),
                Owner = $"owner-{i % 10}",
                CreateTime = now,
                ExpireTime = now.AddHours(1),
                DeleteTime = now.AddDays(1),
                Capacity = requests,
                Total = requests,
            };
            writes.Add(new StoreWrite.Accept(record, windows));
            for (var position = 1; position <= finished; position += SegmentResults * 10)
            {
                var builder = new ResultSegmentBuilder(position);
                var end = Math.Min(finished, position + (SegmentResults * 10) - 1);
                for (var at = position; at <= end; at++)
                {
                    builder.Add(at - 1, 200, Failure.None, now, BodyBytes, default, new byte[BodyBytes]);
                }

                record = record with { Finished = end, DoneTime = end == requests ? now : null };
                writes.Add(new StoreWrite.AppendResults(record, builder.Build(), []));
                written += end - position + 1;
                if (written >= 5_000)
                {
                    await store.CommitAsync(writes, CancellationToken.None);
                    writes.Clear();
                    written = 0;
                }
            }

            if (writes.Count >= 500)
            {
                await store.CommitAsync(writes, CancellationToken.None);
                writes.Clear();
            }
        }

        await store.CommitAsync(writes, CancellationToken.None);
    }

    /// <summary>What is in a store.</summary>
    private sealed record Shape(
        string Name,
        int FinishedBatches,
        int FinishedSize,
        int UnfinishedBatches,
        int UnfinishedSize,
        int FinishedOfUnfinished = 0);
}
