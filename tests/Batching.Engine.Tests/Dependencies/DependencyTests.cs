using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Dependencies;

public sealed class DependencyTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_OneThatFails_EndsWhatNeedsItAtOnceAndRunsWhatWaitsForTheFailure()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value switch
        {
            "/slow" => gate.PassAsync(context),
            "/bad" => Answer(context, 404),
            _ => Answer(context, 200),
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var batch = await engine.SubmitAsync(
        [
            Named("last", RunWhen.Succeeded, "middle"), Named("middle", RunWhen.Unspecified, "slow", "bad"), Named("slow"), Named("bad"),
            Named("cleanup", RunWhen.Failed, "last", "slow"), Named("always", RunWhen.Done, "bad", "last"),
            Named("never", RunWhen.Failed, "always"),
        ]);

        // They needn't wait for the slow one to know that they won't run.
        await Eventually.BeTrueAsync(() => upstream.Requests.Any(call => call.Target == "/always"), "always runs");
        Assert.Equal(["/bad", "/slow", "/always"], Targets(upstream).OrderBy(target => target == "/always").ThenBy(target => target));
        gate.Open();
        var results = (await engine.ResultsAsync(batch.Id)).ToDictionary(result => result.Key);
        Assert.Equal(
            [("middle", "It depends on 'bad', which has not succeeded."), ("last", "It depends on 'middle', which has not succeeded."),
             ("never", "It runs only after a failure, and 'always' and whatever else it depends on has succeeded.")],
            results.Values.Where(result => result.Response.StatusCode == 424).OrderBy(result => result.Position)
                .Select(result => (result.Key, result.Response.Error.Message)).OrderBy(end => end.Key == "never"));
        Assert.All(
            results.Values.Where(result => result.Response.StatusCode == 424),
            result => Assert.Equal("DEPENDENCY_FAILED", Assert.Single(result.Response.Error.Details).Unpack<ErrorInfo>().Reason));
        Assert.Equal(200, results["cleanup"].Response.StatusCode);
        Assert.Equal((3, 4L), (results.Values.Count(result => result.Response.StatusCode == 424), (await engine.StatusAsync(batch.Id)).FailedRequests));
        Assert.Equal(["slow", "bad"], results["middle"].DependsOn);
        Assert.False(results["middle"].HasRunWhen);
        Assert.Equal(RunWhen.Done, results["always"].RunWhen);
    }

    [Fact]
    public async Task Submit_BadDependencies_AreRefused()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url) + (options =>
        {
            options.Limits.DependenciesPerRequest = 3;
            options.Limits.DependenciesPerBatch = 5;
        }));
        var lonely = Named("lonely");
        lonely.RunWhen = RunWhen.Done;

        await AssertRefusedAsync(
            engine,
            [Named("a"), Named("b", RunWhen.Unspecified, "a", "B", "b"), lonely, Named("c", (RunWhen)9, "a"), Named("d", RunWhen.Done, "a", "a", "a", "a"), Named("e", RunWhen.Done, "a", "a")],
            [
                new Problem("requests[2].run_when", "needs depends_on"),
                new Problem("requests[3].run_when", "is not one that is known"),
                new Problem("requests[4].depends_on", "has 4 keys; the limit is 3 (Batch:Limits:DependenciesPerRequest)"),
                new Problem("requests[5].depends_on", "makes them more than 5 in the batch (Batch:Limits:DependenciesPerBatch)"),
                new Problem("requests[1].depends_on[1]", "is not the key of a request of this batch"),
                new Problem("requests[1].depends_on[2]", "is the key of the request itself"),
            ]);
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
    }

    [Theory]
    [InlineData("a>b b>a", "requests[0].depends_on", "leads round in a circle: 'a' -> 'b' -> 'a'", "leads round in a circle: requests[0] -> requests[1] -> requests[0]")]
    [InlineData("a> b>c c>d,a d>b e>b", "requests[1].depends_on", "leads round in a circle: 'b' -> 'c' -> 'd' -> 'b'", "leads round in a circle: requests[1] -> requests[2] -> requests[3] -> requests[1]")]
    [InlineData("x>a a>b b>c c>d d>e e>f f>g g>h h>i i>a", "requests[1].depends_on", "leads round in a circle of 9: 'a' -> 'b' -> 'c' -> 'd' -> 'e' -> 'f' -> 'g' -> 'h' -> ... -> 'a'", null)]
    public async Task Submit_Circle_IsRefusedWithItsPath(string text, string field, string message, string? ofUpload)
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        Request[] Requests() =>
            [.. text.Split(' ').Select(part => part.Split('>')).Select(part => Named(part[0], default, part[1].Split(',', StringSplitOptions.RemoveEmptyEntries)))];

        await AssertRefusedAsync(engine, Requests(), [new Problem(field, message)]);
        if (ofUpload is not null)
        {
            var answer = await UploadAsync(engine, Requests(), perMessage: 1);
            Assert.Equal([new Problem(field, ofUpload)], Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
        }

        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Upload_UnknownKey_IsRefusedAtItsEnd()
    {
        await using var upstream = await TestApi.StartEchoAsync();
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var answer = await UploadAsync(
            engine, [Named("a", default, "c"), Named("b", default, "d", "a"), Named("c")], perMessage: 1);

        Assert.Equal(
            [new Problem("requests[1].depends_on[0]", "is not the key of a request of this batch")],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
    }

    [Fact]
    public async Task Submit_NoRoomForTheGraph_IsRefusedUntilAnotherBatchIsDone()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url) + (options =>
            options.Limits.DependencyBytes = 1 << 20));
        Request[] Chain() => [.. Enumerable.Range(0, 9_000).Select(i => Named($"{i}", default, i % 2 == 0 ? [] : [$"{i - 1}"]))];
        var first = await engine.SubmitAsync(Chain());
        for (var i = 0; i < 5; i++)
        {
            await engine.SubmitAsync(Chain());
        }

        var answer = await engine.Submitter.SubmitAsync(EngineHost.Bob, Chain(), [], CancellationToken.None);

        Assert.Equal("Batch:Limits:DependencyBytes", Assert.IsType<Refusal.Exhausted>(answer.Refusal).Limit);
        await engine.Canceller.CancelAsync(EngineHost.Alice, first.Id, CancellationToken.None);
        await engine.UntilDoneAsync(first.Id);
        await engine.SubmitAsync(Chain(), EngineHost.Bob);
        gate.Open();
    }

    [Fact]
    public async Task Restart_InTheMiddle_GoesOnFromTheStoredResults()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value switch
        {
            "/3" or "/held" => gate.PassAsync(context),
            "/bad" => Answer(context, 500),
            _ => Answer(context, 200),
        });
        Request[] requests =
        [
            Named("5", default, "4"), Named("4", default, "3", "1"), Named("3", default, "2"), Named("2", default, "1"), Named("1"), Named("held"),
            Named("bad"), Named("after bad", RunWhen.Failed, "bad", "held"), Named("blocked", default, "held", "bad"), Named("free", RunWhen.Done, "blocked", "held"),
        ];
        requests[7].Path = "/after-bad";
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            batch = await engine.SubmitAsync(requests);
            await gate.UntilEnteredAsync(2);
            await engine.UntilFinishedAsync(batch.Id, 4);
            await engine.StopAsync();
        }

        gate.Open();
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            var results = (await engine.ResultsAsync(batch.Id)).ToDictionary(result => result.Key);
            Assert.Equal(requests.Length, results.Count);
            Assert.All(results.Values, result => Assert.Equal(
                result.Key switch { "bad" => 500, "blocked" => 424, _ => 200 }, result.Response.StatusCode));
            Assert.True(results["5"].Position > results["4"].Position && results["4"].Position > results["3"].Position);
            Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        }

        Assert.Equal(["/1", "/2", "/3", "/3", "/4", "/5"], Targets(upstream).Where(target => target.Length == 2).Order());
    }

    [Fact]
    public async Task Run_DependsOnASpawner_WaitsForItsLastPage()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value switch
        {
            "/walk" when context.Request.Query["cursor"] == "2" => gate.PassAsync(context),
            "/walk" => TestApi.JsonAsync(context, $$"""{"items":[],"cursor":"{{(context.Request.Query.ContainsKey("cursor") ? "2" : "1")}}"}"""),
            _ => Answer(context, 200),
        });
        var spawner = Named("walk", default, "first");
        spawner.Spawner = true;
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            batch = await engine.SubmitAsync([Named("after", RunWhen.Succeeded, "walk"), spawner, Named("first")]);
            await gate.UntilEnteredAsync(1);
            await engine.UntilFinishedAsync(batch.Id, 4);
            Assert.DoesNotContain("/after", Targets(upstream));
            await engine.StopAsync();
        }

        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            await gate.UntilEnteredAsync(2);
            Assert.DoesNotContain("/after", Targets(upstream));
            gate.Open();
            var results = await engine.ResultsAsync(batch.Id);
            Assert.Equal(("after", 200), (results[^1].Key, results[^1].Response.StatusCode));
            Assert.Equal(6, results.Count);
            Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        }
    }

    [Fact]
    public async Task Run_DependsOnASpawnerWithAFailedPage_DoesNotRun()
    {
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value switch
        {
            "/walk" when context.Request.Query.ContainsKey("cursor") && context.Request.Query["cursor"] != "" => Answer(context, 500),
            "/walk" => TestApi.JsonAsync(context, """{"items":[],"cursor":"1"}"""),
            _ => Answer(context, 200),
        });
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var spawner = Named("walk");
        spawner.Spawner = true;

        var batch = await engine.SubmitAsync([Named("after", default, "walk"), spawner, Named("cleanup", RunWhen.Failed, "walk")]);

        var results = (await engine.ResultsAsync(batch.Id)).Where(result => result.HasKey).ToDictionary(result => result.Key);
        Assert.Equal((424, 200, 200), (
            results["after"].Response.StatusCode, results["cleanup"].Response.StatusCode, results["walk"].Response.StatusCode));
    }

    [Fact]
    public async Task Run_DeletedAndCancelledBatches_GiveTheirMemoryBack()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var spawner = Named("walk");
        spawner.Spawner = true;
        Request[] Requests() => [Named("b", default, "a"), Named("a"), spawner.Clone(), Named("c", RunWhen.Failed, "walk", "b")];
        var deleted = await engine.SubmitAsync(Requests());
        var cancelled = await engine.SubmitAsync(Requests());
        await gate.UntilEnteredAsync(4);
        Assert.True(engine.Get<MemoryBudgets>().Dependencies.Used > 0);

        Assert.True((await engine.Deleter.DeleteAsync(EngineHost.Alice, deleted.Id, CancellationToken.None)).Succeeded);
        Assert.True((await engine.Canceller.CancelAsync(EngineHost.Alice, cancelled.Id, CancellationToken.None)).Succeeded);

        var results = await engine.ResultsAsync(cancelled.Id);
        Assert.Equal(5, results.Count);
        Assert.All(results.Where(result => result.Key != "walk"), result => Assert.Equal(499, result.Response.StatusCode));
        await Eventually.BeTrueAsync(() => engine.Get<MemoryBudgets>().Dependencies.Used == 0, "the memory is given back");
        gate.Open();
    }

    [Theory]
    [InlineData("chain")]
    [InlineData("out")]
    [InlineData("in")]
    public async Task Run_LargestBatch_RunsInOrder(string shape)
    {
        const int count = 10_000;
        await using var upstream = await TestApi.StartUnrecordedAsync(context => Answer(context, 200));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        Request[] requests = shape switch
        {
            "chain" => [.. Enumerable.Range(0, count).Select(i => Named($"{i}", default, i == 0 ? [] : [$"{i - 1}"]))],
            "out" => [.. Enumerable.Range(0, count).Select(i => Named($"{i}", default, i == count / 2 ? [] : [$"{count / 2}"]))],
            _ => [.. Enumerable.Range(0, count).Select(i => Named($"{i}", default, i > 0 ? [] : [.. Enumerable.Range(1, count - 1).Select(other => $"{other}")]))],
        };

        var batch = await engine.SubmitAsync(requests);
        for (var done = 100; done <= count; done += 100)
        {
            await engine.UntilFinishedAsync(batch.Id, done);
        }

        var order = (await engine.ResultsAsync(batch.Id)).Select(result => result.Index).ToArray();
        Assert.Equal(count, order.Length);
        Assert.Equal(0, (await engine.StatusAsync(batch.Id)).FailedRequests);
        Assert.Equal(
            shape switch { "chain" => Enumerable.Range(0, count), "out" => [count / 2], _ => [0] },
            shape switch { "chain" => order, "out" => order[..1], _ => order[^1..] });
    }

    private static Request Named(string key, RunWhen when = default, params string[] dependsOn)
    {
        var request = new Request { Path = $"/{key.Replace(' ', '-')}", Key = key };
        request.DependsOn.Add(dependsOn);
        if (when != default)
        {
            request.RunWhen = when;
        }

        return request;
    }

    private static Task Answer(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static IEnumerable<string> Targets(TestApi upstream) => upstream.Requests.Select(call => call.Target);

    private static ValueTask<Outcome<Batch>> UploadAsync(EngineHost engine, Request[] requests, int perMessage) => engine.Uploader.UploadAsync(
        EngineHost.Alice, requests.Chunk(perMessage).ToAsyncEnumerable<IReadOnlyList<Request>>(), default, default);

    private static async Task AssertRefusedAsync(EngineHost engine, Request[] requests, Problem[] expected)
    {
        var answer = await engine.Submitter.SubmitAsync(EngineHost.Alice, requests, [], CancellationToken.None);
        Assert.Equal(expected, Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems);
    }
}
