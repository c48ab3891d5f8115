using System.Collections.Concurrent;
using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Dependencies;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.Extensions.Options;
using Xunit.Abstractions;

namespace Batching.Engine.Tests.Dependencies;

/// <summary>
/// Random batches, whose results are compared with a model. <c>BATCH_GRAPHS</c> is the number of graphs in a long run, whose graphs
/// have up to 2,000 requests; <c>BATCH_GRAPH_SEED</c> makes the same ones again.
/// </summary>
public sealed class RandomGraphTests(ITestOutputHelper output) : IDisposable
{
    private const int ShortRun = 60;
    private const int AtOnce = 8;

    private static readonly int? LongRun = Read("BATCH_GRAPHS");

    private readonly TemporaryDirectory _directory = new();
    private readonly ConcurrentDictionary<string, long> _batches = [];
    private readonly ConcurrentDictionary<(long Batch, int Index), bool> _committed = [];
    private readonly ConcurrentQueue<string> _problems = [];
    private readonly ConcurrentDictionary<string, RandomGraph> _graphs = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_RandomGraphs_EndAsTheModelSays()
    {
        var seed = Read("BATCH_GRAPH_SEED") ?? Random.Shared.Next();
        output.WriteLine($"BATCH_GRAPH_SEED={seed}");
        await using var upstream = await TestApi.StartUnrecordedAsync(context =>
        {
            var parts = context.Request.Path.Value!.Split('/');
            var graph = _graphs[parts[1]];
            var index = int.Parse(parts[2], CultureInfo.InvariantCulture);
            foreach (var other in graph.DependenciesOf(index).Where(other => !_committed.ContainsKey((_batches[parts[1]], other))))
            {
                _problems.Enqueue($"{parts[1]}: {index} was sent before {other} was stored");
            }

            context.Response.StatusCode = graph.Statuses[index];
            return Task.CompletedTask;
        });
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url, concurrency: 6) + (options => options.Limits.DependencyBytesPerOwner = 32 << 20),
            prepare: host =>
            {
                host.Store.Committing = NoteBatchesAsync;
                host.Store.Committed = NoteResults;
            });

        await Parallel.ForAsync(0, LongRun ?? ShortRun, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
            await RunAsync(engine, number, new RandomGraph(unchecked(seed + number), LongRun is null ? 60 : 2_000)));

        Assert.True(_problems.IsEmpty, $"BATCH_GRAPH_SEED={seed}\n{string.Join('\n', _problems.Take(20))}");
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
    }

    // Without an API and a store: the graph alone, in every order in which results may come.
    [Fact]
    public void Complete_RandomGraphsInRandomOrders_SettlesEachAsTheModelSays()
    {
        var seed = Read("BATCH_GRAPH_SEED") ?? Random.Shared.Next();
        for (var number = 0; number < (LongRun ?? 300); number++)
        {
            var graph = new RandomGraph(unchecked(seed + number), LongRun is null ? 200 : 2_000);
            Assert.True(graph.Expected().SequenceEqual(Settle(graph, new Random(number))), $"BATCH_GRAPH_SEED={seed + number}");
        }
    }

    private static int[] Settle(RandomGraph random, Random order)
    {
        var builder = new DependencyBuilder();
        var requests = random.ToRequests("x");
        for (var i = 0; i < requests.Length; i++)
        {
            builder.Keys.TryAdd(requests[i].Key, i, out _);
            builder.Add(i, requests[i]);
        }

        var budgets = new MemoryBudgets(Options.Create(new BatchEngineOptions()), TimeProvider.System);
        Assert.Equal(0, builder.FindUnknown([], 1));
        Assert.Null(builder.Build(requests.Length, "alice", budgets, static index => $"{index}", out var graph));
        var results = new int[requests.Length];
        var running = Enumerable.Range(0, requests.Length).Where(index => graph?.IsDependent(index) != true).ToList();
        graph?.Run();
        while (running.Count > 0)
        {
            var next = order.Next(running.Count);
            var index = running[next];
            running.RemoveAt(next);
            results[index] = results[index] == RandomGraph.Blocked ? results[index] : random.Statuses[index];
            graph?.Complete(index, results[index] >= 400);
            while (graph?.TryPeek(out var settled, out var cause) == true)
            {
                graph.Take();
                Assert.Equal(0, results[settled]);
                results[settled] = cause >= 0 ? RandomGraph.Blocked : 0;
                running.Add(settled);
            }
        }

        graph?.Dispose();
        Assert.Equal(0, budgets.Dependencies.Used);
        return results;
    }

    private async Task RunAsync(EngineHost engine, int number, RandomGraph graph)
    {
        var name = $"g{number}";
        _graphs[name] = graph;
        var isUpload = number % 5 == 4;
        var id = isUpload ? await UploadAsync(engine, graph.ToRequests(name)) : (await engine.SubmitAsync(graph.ToRequests(name))).Id;
        var isCancelled = number % 4 == 3;
        if (isCancelled)
        {
            await engine.UntilFinishedAsync(id, graph.Count / 3);
            Assert.True((await engine.Canceller.CancelAsync(EngineHost.Alice, id, CancellationToken.None)).Succeeded);
        }

        var results = (await engine.ResultsAsync(id)).OrderBy(result => result.Index).Select(result => result.Response.StatusCode).ToArray();
        var problems = isCancelled
            ? graph.FindContradictions(results)
            : results.SequenceEqual(graph.Expected()) ? [] : graph.FindContradictions(results).DefaultIfEmpty("the results differ");
        foreach (var problem in problems)
        {
            _problems.Enqueue($"{name} ({graph.Count}): {problem}");
        }
    }

    private static async Task<string> UploadAsync(EngineHost engine, Request[] requests)
    {
        var answer = await engine.Uploader.UploadAsync(
            EngineHost.Alice, requests.Chunk(7).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value.Id;
    }

    private Task NoteBatchesAsync(IReadOnlyList<StoreWrite> writes)
    {
        foreach (var accept in writes.OfType<StoreWrite.Accept>())
        {
            _batches[accept.Windows[^1][accept.Windows[^1].FirstIndex].Path.Split('/')[1]] = accept.BatchKey;
        }

        return Task.CompletedTask;
    }

    private void NoteResults(IReadOnlyList<StoreWrite> writes)
    {
        foreach (var append in writes.OfType<StoreWrite.AppendResults>())
        {
            foreach (var segment in append.Segments)
            {
                for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
                {
                    _committed[(append.BatchKey, segment[position].Index)] = true;
                }
            }
        }
    }

    private static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
