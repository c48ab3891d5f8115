using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Scheduling;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Tests.Upstreams;

/// <summary>Equal requests that are under way at the same time become one call, and nothing else does.</summary>
public sealed class CoalescingTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly BatchEngineOptions _options = new();
    private readonly UpstreamOptions _upstream = new() { Coalesce = true };
    private readonly Gate _gate = new();
    private UpstreamRouter? _router;
    private MemoryBudgets? _budgets;
    private UpstreamCaller? _caller;
    private CallQueue? _queue;

    public void Dispose()
    {
        _gate.Open();
        _queue?.Dispose();
        _router?.Dispose();
    }

    [Fact]
    public async Task CallAsync_EqualCallsUnderWay_AreOneAndEachGetsItsReply()
    {
        var body = new byte[40_000];
        new Random(1).NextBytes(body);
        await using var api = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            context.Response.Headers["X-Of"] = "one";
            await context.Response.Body.WriteAsync(body);
        });
        var calls = Enumerable.Range(0, 20).Select(_ => CallAsync(api, new Request { Path = "/x?a=1" })).ToList();
        await _gate.UntilEnteredAsync(1);
        await UntilWaitingAsync(19);
        _gate.Open();

        var replies = await Task.WhenAll(calls);
        Assert.Single(api.Requests);
        foreach (var reply in replies.Reverse())
        {
            Assert.Equal((200, Failure.None, 40_000L), (reply.StatusCode, reply.Failure, reply.Size));
            Assert.Equal(body, reply.Body.ToArray());
            Assert.Equal(replies[0].Headers.ToArray(), reply.Headers.ToArray());
            reply.Dispose();
        }

        // What comes later is another call.
        using var later = await CallAsync(api, new Request { Path = "/x?a=1" });
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task CallAsync_NotSwitchedOn_MakesEachCall()
    {
        _upstream.Coalesce = false;
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var calls = Enumerable.Range(0, 5).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await _gate.UntilEnteredAsync(5);
        _gate.Open();
        DisposeAll(await Task.WhenAll(calls));
    }

    public static TheoryData<string> Differences =>
        ["path", "query", "method", "header", "header name", "body", "credential", "no credential", "owner", "address"];

    [Theory]
    [MemberData(nameof(Differences))]
    public async Task CallAsync_AnythingDiffers_IsAnotherCall(string difference)
    {
        _options.Headers.ClientAddress = ClientAddressField.XForwardedFor;
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var first = Start(new Request { Path = "/x?a=1", Headers = { ["X-A"] = "1" }, Body = ByteString.CopyFromUtf8("b") });
        var request = new Request { Path = "/x?a=1", Headers = { ["X-A"] = "1" }, Body = ByteString.CopyFromUtf8("b") };
        switch (difference)
        {
            case "path":
                request.Path = "/y?a=1";
                break;
            case "query":
                request.Path = "/x?a=2";
                break;
            case "method":
                request.Method = "OPTIONS";
                break;
            case "header":
                request.Headers["X-A"] = "2";
                break;
            case "header name":
                request.Headers.Clear();
                request.Headers["X-B"] = "1";
                break;
            case "body":
                request.Body = ByteString.CopyFromUtf8("c");
                break;
        }

        var second = Start(
            request,
            difference switch { "credential" => "Bearer two", "no credential" => null, _ => "Bearer one" },
            difference == "owner" ? "bob" : "alice",
            difference == "address" ? "192.0.2.2" : "192.0.2.1");
        await _gate.UntilEnteredAsync(2);
        _gate.Open();
        DisposeAll(await Task.WhenAll(first, second));

        Task<UpstreamReply> Start(
            Request request, string? credential = "Bearer one", string owner = "alice", string peer = "192.0.2.1") =>
            CallAsync(api, request, credential, owner, forwarded: new ForwardedFields(peer, null));
    }

    [Fact]
    public async Task CallAsync_OtherTraceOrAddressThatIsNotForwarded_IsTheSameCall()
    {
        _options.Headers.ClientAddress = ClientAddressField.Off;
        _upstream.ForwardCredential = false;
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var first = CallAsync(api, new Request { Path = "/x" }, "Bearer one", forwarded: new ForwardedFields("192.0.2.1", null));
        await _gate.UntilEnteredAsync(1);
        var second = CallAsync(api, new Request { Path = "/x" }, "Bearer two", forwarded: new ForwardedFields("192.0.2.2", null));
        await UntilWaitingAsync(1);
        _gate.Open();
        DisposeAll(await Task.WhenAll(first, second));
        Assert.Single(api.Requests);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task CallAsync_MayChangeSomething_IsMadeEachTime(string method)
    {
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var calls = Enumerable.Range(0, 3).Select(_ => CallAsync(api, new Request { Path = "/x", Method = method })).ToList();
        await _gate.UntilEnteredAsync(3);
        _gate.Open();
        DisposeAll(await Task.WhenAll(calls));
    }

    // Who has just changed something must not be shown the state before.
    [Fact]
    public async Task CallAsync_SomethingWasChangedMeanwhile_DoesNotJoinTheCallBefore()
    {
        await using var api = await TestApi.StartAsync(context =>
            context.Request.Method == "GET" ? _gate.PassAsync(context) : Task.CompletedTask);
        var before = CallAsync(api, new Request { Path = "/x" });
        await _gate.UntilEnteredAsync(1);
        using var change = await CallAsync(api, new Request { Path = "/x", Method = "PUT" });

        var after = CallAsync(api, new Request { Path = "/x" });
        await _gate.UntilEnteredAsync(2);
        _gate.Open();
        DisposeAll(await Task.WhenAll(before, after));
    }

    [Fact]
    public async Task CallAsync_FirstIsCancelled_AnotherOneMakesTheCall()
    {
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        using var abort = new CancellationTokenSource();
        var first = CallAsync(api, new Request { Path = "/x" }, abort: abort.Token);
        await _gate.UntilEnteredAsync(1);
        var others = Enumerable.Range(0, 3).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await UntilWaitingAsync(3);

        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await _gate.UntilEnteredAsync(2);
        _gate.Open();
        DisposeAll(await Task.WhenAll(others));
        Assert.Equal(2, api.Requests.Count);
        await UntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task CallAsync_OneThatWaitsIsCancelled_TheOthersGetTheirReplies()
    {
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        using var abort = new CancellationTokenSource();
        var first = CallAsync(api, new Request { Path = "/x" });
        await _gate.UntilEnteredAsync(1);
        var cancelled = CallAsync(api, new Request { Path = "/x" }, abort: abort.Token);
        var other = CallAsync(api, new Request { Path = "/x" });
        await UntilWaitingAsync(2);

        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        _gate.Open();
        DisposeAll(await Task.WhenAll(first, other));
        Assert.Single(api.Requests);
        await UntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task CallAsync_FirstHasLessTime_TheOtherOneIsMadeWithItsOwn()
    {
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var first = CallAsync(api, new Request { Path = "/x" }, timeout: TimeSpan.FromSeconds(5));
        await _gate.UntilEnteredAsync(1);
        var other = CallAsync(api, new Request { Path = "/x" });
        await UntilWaitingAsync(1);

        _time.Advance(TimeSpan.FromSeconds(6));
        using var late = await first;
        Assert.Equal(Failure.UpstreamTimeout, late.Failure);
        await _gate.UntilEnteredAsync(2);
        _gate.Open();
        using var reply = await other;
        Assert.Equal((200, Failure.None), (reply.StatusCode, reply.Failure));
    }

    [Fact]
    public async Task CallAsync_OneThatWaitsHasLessTime_TimesOutAlone()
    {
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var first = CallAsync(api, new Request { Path = "/x" });
        await _gate.UntilEnteredAsync(1);
        var other = CallAsync(api, new Request { Path = "/x" }, timeout: TimeSpan.FromSeconds(5));
        await UntilWaitingAsync(1);

        _time.Advance(TimeSpan.FromSeconds(6));
        using var late = await other;
        Assert.Equal(Failure.UpstreamTimeout, late.Failure);
        _gate.Open();
        using var reply = await first;
        Assert.Equal(200, reply.StatusCode);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task CallAsync_FirstAttemptFails_TheNextOneIsForAll()
    {
        var attempts = 0;
        await using var api = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            context.Response.StatusCode = Interlocked.Increment(ref attempts) == 1 ? 503 : 200;
        });
        var calls = Enumerable.Range(0, 4).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await _gate.UntilEnteredAsync(1);
        await UntilWaitingAsync(3);
        _gate.Open();

        var replies = await _time.DriveAsync(Task.WhenAll(calls), below: TimeSpan.FromSeconds(15));
        Assert.All(replies, reply => Assert.Equal(200, reply.StatusCode));
        Assert.Equal(2, api.Requests.Count);
        DisposeAll(replies);
    }

    [Fact]
    public async Task CallAsync_CallFails_AllAreToldWhy()
    {
        await using var api = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            context.Response.ContentLength = _options.Limits.ResponseBytes + 1L;
            await context.Response.StartAsync();
        });
        var calls = Enumerable.Range(0, 3).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await _gate.UntilEnteredAsync(1);
        await UntilWaitingAsync(2);
        _gate.Open();

        var replies = await Task.WhenAll(calls);
        Assert.All(replies, reply => Assert.Equal(
            (Failure.ResponseTooLarge, replies[0].Body.Length), (reply.Failure, reply.Body.Length)));
        Assert.Single(api.Requests);
        DisposeAll(replies);
    }

    // As many may wait as there are places: whoever waits leaves its own to others. What comes then is made.
    [Fact]
    public async Task CallAsync_AsManyWaitAsMay_TheNextOneIsMade()
    {
        _upstream.MaxConcurrency = 4;
        _upstream.OwnerPercent = 100;
        await using var api = await TestApi.StartAsync(_gate.PassAsync);
        var calls = Enumerable.Range(0, 12).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await _gate.UntilEnteredAsync(4);
        _gate.Open();
        DisposeAll(await Task.WhenAll(calls));
        Assert.InRange(api.Requests.Count, 4, 8);
        await UntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task CallAsync_LargeReply_IsHeldOfTheBudgetOnceUntilAllHaveHandedItOver()
    {
        const int size = 1024 * 1024;
        await using var api = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            context.Response.ContentLength = size;
            await context.Response.Body.WriteAsync(new byte[size]);
        });
        var calls = Enumerable.Range(0, 5).Select(_ => CallAsync(api, new Request { Path = "/x" })).ToList();
        await _gate.UntilEnteredAsync(1);
        await UntilWaitingAsync(4);
        _gate.Open();
        var replies = await Task.WhenAll(calls);

        var held = _budgets!.Answers.Used;
        Assert.InRange(held, size, (2 * size) - 1);
        foreach (var reply in replies[1..])
        {
            reply.HandOver();
            reply.HandOver();
        }

        Assert.Equal(held, _budgets.Answers.Used);
        replies[0].HandOver();
        Assert.Equal(0, _budgets.Answers.Used);
        Assert.All(replies, reply => Assert.Equal(size, reply.Size));
        DisposeAll(replies);
    }

    [Fact]
    public async Task Batch_OfEqualRequests_IsOneCallAndAResultEach()
    {
        using var directory = new TemporaryDirectory();
        await using var api = await TestApi.StartAsync(async context =>
        {
            await _gate.PassAsync(context);
            await TestApi.JsonAsync(context, """{"a":1}""");
        });
        await using var engine = await EngineHost.StartAsync(
            directory,
            options => options.Upstreams.Add(new UpstreamOptions { BaseAddress = api.Url, Coalesce = true }));
        var batch = await engine.SubmitAsync([.. Enumerable.Range(0, 30).Select(_ => new Request { Path = "/x" })]);
        await _gate.UntilEnteredAsync(1);
        await Eventually.BeTrueAsync(
            () => engine.Get<UpstreamRouter>().Upstreams[0].Shared!.Waiting == 29, "29 requests wait for the first");
        _gate.Open();

        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal(30, results.Count);
        Assert.All(results, result => Assert.Equal((200, """{"a":1}"""), (result.Response.StatusCode, result.Response.Body.ToStringUtf8())));
        Assert.Single(api.Requests);
    }

    private Task<UpstreamReply> CallAsync(
        TestApi api,
        Request request,
        string? authorization = null,
        string owner = "alice",
        ForwardedFields? forwarded = null,
        TimeSpan? timeout = null,
        CancellationToken abort = default)
    {
        if (_router is null)
        {
            _upstream.BaseAddress = api.Url;
            _options.Upstreams.Add(_upstream);
            var options = Options.Create(_options);
            _router = new UpstreamRouter(options);
            _budgets = new MemoryBudgets(options, _time);
            _caller = new UpstreamCaller(options, _budgets, _time);
            _queue = new CallQueue(_upstream, _time, NullLogger.Instance);
            _queue.Open();
        }

        Assert.True(_router.TryRoute(request, out var route, out var problem), problem?.Message);
        var call = new UpstreamCall(route, Methods.Find(request.Method)!, request, authorization)
        {
            Owner = owner,
            Forwarded = forwarded,
            Timeout = timeout,
        };
        var work = new Work(place => _caller!.CallAsync(call, place, abort));
        _queue!.Enqueue(owner, 1, work);
        return work.Reply;
    }

    private static void DisposeAll(IEnumerable<UpstreamReply> replies)
    {
        foreach (var reply in replies)
        {
            reply.Dispose();
        }
    }

    private Task UntilWaitingAsync(int count) =>
        Eventually.BeTrueAsync(() => _router!.Upstreams[0].Shared!.Waiting == count, $"{count} calls that wait for another one");

    private Task UntilNothingIsHeldAsync() => Eventually.BeTrueAsync(() => _queue!.InFlight == 0, "no place is taken");

    private sealed class Work(Func<ICallPlace, ValueTask<UpstreamReply>> call) : IUpstreamWork
    {
        private readonly TaskCompletionSource<UpstreamReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<UpstreamReply> Reply => _reply.Task;

        public async ValueTask RunAsync(ICallPlace place)
        {
            try
            {
                _reply.SetResult(await call(place));
            }
            catch (OperationCanceledException exception)
            {
                _reply.SetCanceled(exception.CancellationToken);
            }
        }
    }
}
