using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Submission;

/// <summary>The keys that callers give their requests.</summary>
public sealed class KeyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Submit_Keys_ComeBackWithRequestsAndResults()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var longest = new string('\u00fc', 100);

        var batch = await engine.SubmitAsync(
        [
            new Request { Path = "/a", Key = "first" }, new Request { Path = "/b" },
            new Request { Path = "/c", Key = longest }, new Request { Path = "/d", Key = "" },
        ]);

        string?[] expected = ["first", null, longest, null];
        Assert.Equal(expected, Keys(batch.Requests));
        Assert.Equal(expected, Keys((await engine.ResultsAsync(batch.Id)).OrderBy(result => result.Index)));

        // A page is shown one message after the other, in the same one.
        var answer = await engine.Fetcher.FetchAsync(
            EngineHost.Alice,
            new FetchBatchRequest { BatchId = batch.Id, After = 0, RequestFields = new() { Paths = { "key", "index" } } },
            CancellationToken.None);
        using var page = answer.Value!;
        page.Delivery.Complete(received: false);
        Assert.Equal(expected, Keys(page.Response.Batch.Requests.OrderBy(result => result.Index)));
        Assert.All(page.Response.Batch.Requests, request => Assert.Equal("", request.Path));
    }

    [Fact]
    public async Task Submit_BadKeys_AreRefusedAndNameBothPlaces()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [
                new Request { Path = "/a" }, new Request { Path = "/b", Key = "x" }, new Request { Path = "/c", Key = "X" },
                new Request { Path = "/d", Key = "x" }, new Request { Path = "/e", Key = new string('\u00fc', 101) },
                new Request { Path = "/f", Key = "a\nb" },
            ],
            [],
            CancellationToken.None);

        Assert.Equal(
            [
                new Problem("requests[3].key", "is the key of requests[1] already: 'x'"),
                new Problem("requests[4].key", "has 202 bytes; the limit is 200 (Batch:Limits:KeyBytes)"),
                new Problem("requests[5].key", "must not contain control characters"),
            ],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
    }

    [Fact]
    public async Task Upload_SameKeyInTwoMessages_IsRefusedAndNamesBothPlaces()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var requests = EngineHost.Gets(500);
        foreach (var (request, i) in requests.Select((request, i) => (request, i)))
        {
            request.Key = $"key {i}";
        }

        requests[431].Key = "key 17";

        var answer = await engine.Uploader.UploadAsync(
            EngineHost.Alice, requests.Chunk(100).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default);

        Assert.Equal(
            [new Problem("requests[431].key", "is the key of requests[17] already: 'key 17'")],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
    }

    [Fact]
    public async Task Upload_Keys_ComeBackAndAreChargedUntilItsEnd()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url) + (options =>
            options.Limits.ReceivingBytes = options.Limits.ReceivingBytesPerOwner = 1 << 20));
        var requests = EngineHost.Gets(2_000);
        foreach (var (request, i) in requests.Select((request, i) => (request, i)))
        {
            request.Key = $"{i}";
        }

        var answer = await engine.Uploader.UploadAsync(
            EngineHost.Alice, requests.Chunk(100).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default);

        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        Assert.All(await engine.ResultsAsync(answer.Value.Id), result => Assert.Equal($"{result.Index}", result.Key));

        // As many as fit into no memory that there is.
        var many = Enumerable.Range(0, 50_000).Select(i => new Request { Path = "/x", Key = $"{i}" });
        var refused = engine.Uploader.UploadAsync(
            EngineHost.Alice, many.Chunk(1_000).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default).AsTask();
        await Eventually.BeTrueAsync(
            () =>
            {
                engine.Time.Advance(TimeSpan.FromSeconds(10));
                return refused.IsCompleted;
            },
            "the upload is refused");
        Assert.IsType<Refusal.Exhausted>((await refused).Refusal);
    }

    [Fact]
    public async Task Submit_SpawnerWithAKey_ItsPagesHaveNone()
    {
        await using var upstream = await TestApi.StartAsync(context =>
            context.Response.WriteAsync(context.Request.QueryString.Value!.Contains("cursor=", StringComparison.Ordinal)
                ? """{"items":[]}"""
                : """{"items":[],"cursor":"next"}"""));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var batch = await engine.SubmitAsync([new Request { Path = "/items", Spawner = true, Key = "walk" }]);

        Assert.Equal(["walk", null, null], Keys((await engine.ResultsAsync(batch.Id)).OrderBy(result => result.Index)));
    }

    private static IEnumerable<string?> Keys(IEnumerable<Request> requests) =>
        requests.Select(request => request.HasKey ? request.Key : null);
}
