using Batching.Engine.Model;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Tests.Submission;

public sealed class BatchSubmitterTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task SubmitAsync_Batch_AnswersAllRequestsInOrderAndRunsThem()
    {
        await using var upstream = await TestApi.StartAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Path == "/items/7" ? 404 : 200;
            await TestApi.EchoAsync(context);
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var requests = EngineHost.Gets(600);
        requests[3].Params = Struct.Parser.ParseJson("""{"limit": 250, "sort": "changed"}""");
        requests[4] = EngineHost.Post("items/4", "{\"a\": 1}");

        var batch = await engine.SubmitAsync(requests);

        Assert.Equal((600L, 600L, BatchState.Running), (batch.TotalRequests, batch.RunningRequests, batch.State));
        Assert.Equal(requests.Select(request => request.Path), batch.Requests.Select(request => request.Path));
        Assert.Equal("POST", batch.Requests[4].Method);
        Assert.Equal("GET", batch.Requests[5].Method);
        Assert.Equal(601, batch.Requests.Select(request => request.Id).Append(batch.Id).Distinct().Count());
        Assert.All(batch.Requests, request => Assert.Equal(batch.Id, request.SpawnedBy));

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(Enumerable.Range(1, 600).Select(i => (long)i), results.Select(result => result.Position));
        var byId = results.ToDictionary(result => result.Id);
        Assert.Equal("/items/3?limit=250&sort=changed", byId[batch.Requests[3].Id].Response.Body.ToStringUtf8());
        Assert.Equal("{\"a\": 1}", upstream.Requests.Single(call => call.Method == "POST").Body.Aggregate("", (text, b) => text + (char)b));
        for (var i = 0; i < 600; i++)
        {
            var result = byId[batch.Requests[i].Id];
            Assert.Equal(requests[i].Path, result.Path);
            Assert.StartsWith($"/items/{i}", result.Response.Body.ToStringUtf8(), StringComparison.Ordinal);
            Assert.Equal(result.Response.Body.Length, result.Response.Size);
            Assert.Equal(i == 7 ? 404 : 200, result.Response.StatusCode);
        }

        var done = await engine.StatusAsync(batch.Id);
        Assert.Equal((BatchState.Done, 0L, 1L), (done.State, done.RunningRequests, done.FailedRequests));
        Assert.Equal(results.Sum(result => result.Response.Size), done.ResponseSize);
        Assert.Equal(600, upstream.Requests.Count);
    }

    [Fact]
    public async Task SubmitAsync_AnyBytes_ArriveExactly()
    {
        var bodies = new Dictionary<string, byte[]>
        {
            ["/json"] = "{\"n\": 12345678901234567890, \"d\": 1.10}"u8.ToArray(),
            ["/empty"] = [],
            ["/binary"] = [.. Enumerable.Range(0, 256).Select(i => (byte)i)],
            ["/large"] = new byte[3_000_000],
        };
        new Random(1).NextBytes(bodies["/large"]);
        await using var upstream = await TestApi.StartAsync(
            context => context.Response.Body.WriteAsync(bodies[context.Request.Path]).AsTask());
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync([.. bodies.Keys.Select(path => new Request { Path = path })]);
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(4, results.Count);
        Assert.All(results, result => Assert.Equal(bodies[result.Path], result.Response.Body.ToByteArray()));
    }

    [Fact]
    public async Task SubmitAsync_ManyProblems_NamesThemAllAndStoresNothing()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [
                new Request { Path = "/fine" },
                new Request { Method = "GET" },
                new Request { Path = "//elsewhere/x", Method = "BREW", Headers = { ["Host"] = "elsewhere" } },
                new Request { Path = "/x", Method = "POST", Spawner = true, Headers = { ["X-Good"] = "a\r\nb" } },
            ],
            [],
            CancellationToken.None);
        var invalid = Assert.IsType<Refusal.Invalid>(answer.Refusal);
        Assert.Equal(
            ["requests[1].path", "requests[2].path", "requests[2].method", "requests[2].headers[Host]", "requests[3].spawner", "requests[3].headers[X-Good]"],
            invalid.Problems.Select(problem => problem.Field));
        await AssertNothingStoredAsync(engine);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task SubmitAsync_TooManyOrNone_IsRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        foreach (var count in (int[])[0, 10_001])
        {
            var answer = await engine.Submitter.SubmitAsync(
                EngineHost.Alice, EngineHost.Gets(count), [], CancellationToken.None);
            var problem = Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
            Assert.Equal("requests", problem.Field);
        }

        await AssertNothingStoredAsync(engine);
    }

    [Fact]
    public async Task SubmitAsync_MoreProblemsThanAnErrorHolds_NamesTheFirstAndCountsAll()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [.. Enumerable.Range(0, 500).Select(_ => new Request { Path = "..", Method = "BREW" })],
            [],
            CancellationToken.None);
        var refusal = Assert.IsType<Refusal.Invalid>(answer.Refusal);
        Assert.InRange(refusal.Problems.Count, 50, 99);
        Assert.StartsWith(
            $"1000 fields are wrong, of which the first {refusal.Problems.Count} are named; the first: requests[0].path must not",
            refusal.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitAsync_MoreThan100ShortProblems_Names100()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [.. Enumerable.Range(0, 150).Select(_ => new Request())],
            [new Problem("requests[3].body", "is odd")],
            CancellationToken.None);
        var refusal = Assert.IsType<Refusal.Invalid>(answer.Refusal);
        Assert.Equal(100, refusal.Problems.Count);
        Assert.Equal("requests[3].body", refusal.Problems[0].Field);
        Assert.StartsWith(
            "At least 101 fields are wrong, of which the first 100 are named;", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Trace", "x-trace")]
    [InlineData("Idempotency-Key", "IDEMPOTENCY-KEY")]
    public async Task SubmitAsync_OneFieldInTwoSpellings_IsRefusedByName(string first, string second)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [new Request { Path = "/x", Headers = { [first] = "1", [second] = "2" } }],
            [],
            CancellationToken.None);
        var problem = Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
        Assert.Contains(problem.Field, (string[])[$"requests[0].headers[{first}]", $"requests[0].headers[{second}]"]);
        Assert.StartsWith("is given twice", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitAsync_ProblemsKnownBefore_AreNamedOnce()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [new Request { Method = "BREW" }],
            [new Problem("requests[0].path", "must be a string")],
            CancellationToken.None);
        Assert.Equal(
            [new Problem("requests[0].path", "must be a string"), new Problem("requests[0].method", "must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
    }

    [Theory]
    [InlineData("Bearer a\r\nX-Evil: 1")]
    [InlineData("Bearer a\nb")]
    [InlineData("Bearer a\0b")]
    public async Task SubmitAsync_CredentialThatCouldEndItsField_IsRefused(string credential)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var answer = await engine.Submitter.SubmitAsync(
            new Caller("alice", credential), EngineHost.Gets(1), [], CancellationToken.None);
        Assert.Equal("authorization", Assert.Single(Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems).Field);
        await AssertNothingStoredAsync(engine);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task SubmitAsync_Credential_GoesToTheUpstreamAndIsErasedWhenDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var batch = await engine.SubmitAsync(EngineHost.Gets(1), new Caller("alice", "Bearer secret"));
        var key = (await engine.Store.ListUnfinishedAsync(0, 1, default)).Single().Key;
        await gate.UntilEnteredAsync(1);
        Assert.Equal(engine.Protector.Protect("Bearer secret"), (await engine.Store.FindBatchAsync(key, default))!.Credential);
        gate.Open();
        await engine.UntilDoneAsync(batch.Id);
        Assert.Null((await engine.Store.FindBatchAsync(key, default))!.Credential);
        Assert.Equal("Bearer secret", upstream.Requests.Single().Headers["Authorization"]);
    }

    private static async Task AssertNothingStoredAsync(EngineHost engine)
    {
        var list = await engine.Batches.ListAsync(EngineHost.Alice, new ListBatchesRequest(), CancellationToken.None);
        Assert.Empty(list.Value!.Batches);
        Assert.Empty(await engine.Store.ListUnfinishedAsync(0, 10, CancellationToken.None));
    }
}
