using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Spawning;

/// <summary>Queries and their store.</summary>
public sealed class SpawnerStoreTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // Found without a result after a crash, the request that stands for the end of a query would be sent.
    [Fact]
    public async Task Commit_QueryEndsWithAFailure_StoresItWithThePageBehindWhichItComes()
    {
        const int spawners = 20;
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.WriteAsync($$"""{"cursor": "a", "text": "{{new string('x', 2_000)}}"}"""));
        // No room for anything beside a page: what comes behind it waits until it is stored.
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Limits.UncommittedBytes = 1_000;
        });
        var seen = new HashSet<string>();
        var ends = 0;
        var withoutResult = new List<string>();
        engine.Store.Committing = writes =>
        {
            foreach (var write in writes.OfType<StoreWrite.AppendResults>())
            {
                var finished = write.Segments
                    .SelectMany(segment => Enumerable.Range(0, (int)(segment.LastPosition - segment.FirstPosition + 1))
                        .Select(i => segment[segment.FirstPosition + i].Index))
                    .ToHashSet();
                foreach (var window in write.Spawned)
                {
                    for (var index = window.FirstIndex; index < window.EndIndex; index++)
                    {
                        var request = window[index];
                        // The second page with the same cursor is none.
                        var isEnd = request.Params.Fields["cursor"].HasStringValue && !seen.Add(request.SpawnedBy);
                        ends += isEnd ? 1 : 0;
                        if (isEnd && !finished.Contains(index))
                        {
                            withoutResult.Add(request.SpawnedBy);
                        }
                    }
                }
            }

            return Task.CompletedTask;
        };

        var batch = await engine.SubmitAsync(
            [.. Enumerable.Range(0, spawners).Select(i => new Request { Path = $"/{i}", Spawner = true })]);
        await engine.UntilDoneAsync(batch.Id);

        Assert.Equal(spawners, ends);
        Assert.Empty(withoutResult);
    }

    [Fact]
    public async Task Continue_StoreCannotBeReadForAWhile_KeepsThePageAndGoesOn()
    {
        EngineHost? host = null;
        await using var upstream = await TestApi.StartAsync(context =>
        {
            var isFirst = !context.Request.Query.ContainsKey("cursor");
            host!.Store.ReadsFail = isFirst;
            return context.Response.WriteAsync(isFirst ? """{"cursor": "a"}""" : "{}");
        });
        await using var engine = host = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(upstream.Url)(options);
            options.Limits.RequestCacheBytes = 1;
        });
        engine.ErrorsAreExpected = true;

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true }]);
        await Eventually.BeTrueAsync(
            () => engine.Store.ReadsFail && engine.Time.Pending.Contains(TimeSpan.FromSeconds(1)), "a read to be tried again");
        engine.Store.ReadsFail = false;
        await engine.Time.DriveAsync(engine.UntilDoneAsync(batch.Id), below: TimeSpan.FromSeconds(2));

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal([200, 200, 200], results.Select(result => result.Response.StatusCode));
    }
}
