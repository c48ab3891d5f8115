using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Lifecycle;

public sealed class RecoveryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Start_AfterAStopWithoutGrace_FinishesEverythingOnce()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => IsHeld(context) ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 3))
        {
            batch = await engine.SubmitAsync(EngineHost.Gets(1000));
            await gate.UntilEnteredAsync(3);
            await engine.StopAsync();
        }

        gate.Open();
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            await AssertCompleteAsync(engine, batch);
        }

        // What had a result before was not run again.
        var calls = upstream.Requests.GroupBy(call => call.Target).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(1000, calls.Count);
        Assert.All(calls, call => Assert.InRange(call.Value, 1, IsHeld(call.Key) ? 2 : 1));

        static bool IsHeld(object of) =>
            (of is HttpContext context ? context.Request.Path.Value! : (string)of).EndsWith('7');
    }

    [Fact]
    public async Task Stop_UnsafeRequestInFlight_IsInterruptedAtOnceAndTheNextIsLeft()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/held" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream, concurrency: 1))
        {
            batch = await engine.SubmitAsync([EngineHost.Post("/held"), EngineHost.Post("/waiting")]);
            await gate.UntilEnteredAsync(1);
            await engine.StopAsync();

            // Nothing is left for the next start to find out about the first one.
            Assert.Equal(1, (await engine.StatusAsync(batch.Id)).RunningRequests);
        }

        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            await engine.UntilDoneAsync(batch.Id);
            var results = await engine.ResultsAsync(batch.Id);
            Assert.Equal(["/held", "/waiting"], results.Select(result => result.Path));
            Assert.Equal("INTERRUPTED", results[0].Response.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason);
            Assert.Equal(200, results[1].Response.StatusCode);
        }

        Assert.Equal(["/held", "/waiting"], upstream.Requests.Select(call => call.Target));
    }

    [Theory]
    [InlineData("POST", null, "INTERRUPTED")]
    [InlineData("PATCH", null, "INTERRUPTED")]
    [InlineData("POST", "key-1", null)]
    [InlineData("POST", "", "INTERRUPTED")]
    [InlineData("POST", " ", "INTERRUPTED")]
    [InlineData("PATCH", " \t ", "INTERRUPTED")]
    [InlineData("PUT", null, null)]
    [InlineData("DELETE", null, null)]
    [InlineData("GET", null, null)]
    public async Task Start_AfterAKillWithRequestsInFlight_RepeatsOnlyWhatIsSafe(string method, string? key, string? reason)
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(
            context => context.Request.Path == "/held" ? gate.PassAsync(context) : TestApi.EchoAsync(context));
        await using var killed = await EngineHost.StartAsync(_directory, upstream, concurrency: 2);
        var held = new Request { Path = "/held", Method = method };
        if (key is not null)
        {
            held.Headers["idempotency-key"] = key;
        }

        var batch = await killed.SubmitAsync([held, EngineHost.Post("/done"), EngineHost.Post("/other")]);
        await killed.UntilFinishedAsync(batch.Id, 2);
        await gate.UntilEnteredAsync(1);

        using var remains = _directory.CopyStore();
        gate.Open();
        await using var engine = await EngineHost.StartAsync(remains, upstream);
        var results = (await engine.ResultsAsync(batch.Id)).ToDictionary(result => result.Path);

        Assert.Equal(3, results.Count);
        Assert.Equal("/done", results["/done"].Response.Body.ToStringUtf8());
        Assert.Single(upstream.Requests, call => call.Target == "/done");
        var calls = upstream.Requests.Where(call => call.Target == "/held").ToArray();
        if (reason is null)
        {
            Assert.Equal(200, results["/held"].Response.StatusCode);
            Assert.Equal(2, calls.Length);
            Assert.All(calls, call => Assert.Equal(key, call.Headers.GetValueOrDefault("Idempotency-Key")));
        }
        else
        {
            Assert.Equal(502, results["/held"].Response.StatusCode);
            Assert.Equal((int)Google.Rpc.Code.Aborted, results["/held"].Response.Error.Code);
            Assert.Equal(reason, results["/held"].Response.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason);
            Assert.Single(calls);
        }
    }

    // The last result of a batch may be one that the recovery itself gave.
    [Fact]
    public async Task Start_OnlyAnInterruptedRequestIsLeft_TheBatchIsDoneAndForgotten()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            batch = await engine.SubmitAsync([EngineHost.Post("/held")]);
            await gate.UntilEnteredAsync(1);
            using var remains = _directory.CopyStore();
            await using var next = await EngineHost.StartAsync(remains, EngineHost.Upstream(upstream.Url));
            var result = Assert.Single(await next.ResultsAsync(batch.Id));
            Assert.Equal(502, result.Response.StatusCode);
            var list = await next.Store.ListBatchesAsync("alice", long.MaxValue, 1, CancellationToken.None);
            await Eventually.BeTrueAsync(
                () => !next.Get<ActiveBatches>().TryGet(list[0].Key, out _), "that nothing of the batch is kept");
        }
    }

    [Fact]
    public async Task Start_AfterACancellation_EndsWhatIsLeftAsCancelled()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var killed = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var batch = await killed.SubmitAsync(EngineHost.Gets(10));
        var key = (await killed.Store.ListUnfinishedAsync(0, 1, default)).Single().Key;
        await gate.UntilEnteredAsync(1);
        await killed.Store.CommitAsync([new StoreWrite.Cancel(key)], CancellationToken.None);

        using var remains = _directory.CopyStore();
        await using var engine = await EngineHost.StartAsync(remains, upstream);
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(10, results.Count);
        Assert.All(results, result => Assert.Equal(499, result.Response.StatusCode));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Start_Credential_IsUsedAgain()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var killed = await EngineHost.StartAsync(_directory, upstream);
        var batch = await killed.SubmitAsync(EngineHost.Gets(1), new Caller("alice", "Bearer secret"));
        await gate.UntilEnteredAsync(1);
        using var remains = _directory.CopyStore();
        gate.Open();
        await using var engine = await EngineHost.StartAsync(remains, upstream);
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(2, upstream.Requests.Count);
        Assert.All(upstream.Requests, call => Assert.Equal("Bearer secret", call.Headers["Authorization"]));
    }

    [Fact]
    public async Task Start_OriginOfTheBatch_IsToldAgain()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var killed = await EngineHost.StartAsync(_directory, upstream);
        var client = new ClientInfo("192.0.2.7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var batch = await killed.SubmitAsync(EngineHost.Gets(1), new Caller("alice", null) { Client = client });
        await gate.UntilEnteredAsync(1);
        using var remains = _directory.CopyStore();
        gate.Open();
        await using var engine = await EngineHost.StartAsync(remains, upstream);
        await engine.UntilDoneAsync(batch.Id);
        Assert.Equal(2, upstream.Requests.Count);
        Assert.All(upstream.Requests, call => Assert.Equal("192.0.2.7", call.Headers["X-Forwarded-For"]));
        Assert.All(upstream.Requests, call => Assert.Matches(
            "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$", call.Headers["traceparent"]));
    }

    [Fact]
    public async Task Start_CredentialIsLost_EndsTheRequestsWithoutSendingThem()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var killed = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var batch = await killed.SubmitAsync(EngineHost.Gets(5), new Caller("alice", "Bearer secret"));
        await gate.UntilEnteredAsync(1);
        using var remains = _directory.CopyStore();
        await using var engine = await EngineHost.StartAsync(
            remains, EngineHost.Upstream(upstream.Url), prepare: host => host.Protector.KeysAreLost = true);
        engine.ErrorsAreExpected = true;
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(5, results.Count);
        Assert.All(results, result => Assert.Equal(
            "CREDENTIAL_LOST", result.Response.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Start_UpstreamIsNoLongerConfigured_EndsTheRequests()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        await using var killed = await EngineHost.StartAsync(_directory, upstream, concurrency: 1);
        var batch = await killed.SubmitAsync(EngineHost.Gets(300));
        await gate.UntilEnteredAsync(1);
        using var remains = _directory.CopyStore();
        await using var engine = await EngineHost.StartAsync(remains, options => options.Upstreams.Add(
            new UpstreamOptions { Prefix = "/elsewhere", BaseAddress = upstream.Url }));
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(300, results.Count);
        Assert.All(results, result => Assert.Equal(
            "NO_UPSTREAM", result.Response.Error.Details[0].Unpack<Google.Rpc.ErrorInfo>().Reason));
    }

    [Fact]
    public async Task Start_StoreCantBeReadForAWhile_GoesOnWhenItCan()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(gate.PassAsync);
        Batch batch;
        await using (var stopped = await EngineHost.StartAsync(_directory, upstream, concurrency: 1))
        {
            batch = await stopped.SubmitAsync(EngineHost.Gets(10));
            await gate.UntilEnteredAsync(1);
        }

        gate.Open();
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url), prepare: host => host.Store.ReadsFail = true);
        engine.ErrorsAreExpected = true;
        await Eventually.BeTrueAsync(() => engine.Time.Pending.Any(due => due == TimeSpan.FromSeconds(1)), "the wait for another attempt");
        engine.Store.ReadsFail = false;
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, (await engine.ResultsAsync(batch.Id)).Count);
    }

    private static async Task AssertCompleteAsync(EngineHost engine, Batch batch)
    {
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(batch.Requests.Select(request => request.Id).Order(), results.Select(result => result.Id).Order());
        Assert.Equal(Enumerable.Range(1, results.Count).Select(i => (long)i), results.Select(result => result.Position));
        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
    }
}
