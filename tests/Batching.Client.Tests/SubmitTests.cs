using Batching.Client.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Client.Tests;

public sealed class SubmitTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Submit_MoreRequestsThanABatchMayHave_UploadsThem()
    {
        const int calls = 12_000;
        using var client = fixture.Gateway.NewClient();

        var batch = await client.SubmitAsync(Enumerable.Range(1, calls).Select(id => BatchCall.Get($"sample/items/{id}")));
        var results = await batch.ReadResultsAsync(new ReadOptions { Fields = ["index", "path"] }).ToListAsync();

        Assert.Equal(calls, results.Count);
        Assert.All(results, result => Assert.Equal($"sample/items/{result.Index + 1}", result.Request.Path));
    }

    [Fact]
    public async Task Submit_Keys_ComeBackWithResults()
    {
        using var client = fixture.Gateway.NewClient();

        var batch = await client.SubmitAsync(
            [BatchCall.Get("sample/items/1").WithKey("one"), BatchCall.Get("sample/items/2"), BatchCall.Get("sample/items/3").WithKey("three")]);
        var results = await batch.ReadResultsAsync().ToListAsync();

        Assert.Equal(["one", "", "three"], results.OrderBy(result => result.Index).Select(result => result.Key));
    }

    [Fact]
    public async Task Submit_BadRequests_NamesThem()
    {
        using var client = fixture.Gateway.NewClient();

        var failure = await Assert.ThrowsAsync<BatchException>(() => client.SubmitAsync(
            [BatchCall.Get("sample/items"), BatchCall.Get("sample/../secret"), BatchCall.Get("http://elsewhere/")]));

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Equal(["requests[1].path", "requests[2].path"], failure.Problems.Select(problem => problem.Field));
    }

    [Fact]
    public async Task Submit_BadRequestInAnUpload_NamesIt()
    {
        using var client = fixture.Gateway.NewClient();

        var failure = await Assert.ThrowsAsync<BatchException>(() => client.SubmitAsync(
            Enumerable.Range(0, 2_500).Select(place => BatchCall.Get(place == 1_700 ? "sample/../secret" : "sample/items/1"))));

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Equal(["requests[1700].path"], failure.Problems.Select(problem => problem.Field));
    }

    [Fact]
    public async Task Submit_RequestsThatThrow_LeavesNothingBehind()
    {
        using var client = NewOwner(nameof(Submit_RequestsThatThrow_LeavesNothingBehind));

        await Assert.ThrowsAsync<FormatException>(() => client.SubmitAsync(Enumerable.Range(0, 5_000).Select(
            place => place < 4_000 ? BatchCall.Get("sample/items/1") : throw new FormatException())));

        Assert.Empty(await client.ListAsync().ToListAsync());
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3_000, false)]
    [InlineData(3_000, true)]
    public async Task Submit_GatewayNotStartedYet_SubmitsOnceItIs(int calls, bool isInjected)
    {
        using var gateway = TestGateway.Create();
        await using var services = new ServiceCollection()
            .AddBatchClient(options => options.Address = gateway.Address)
            .Services.BuildServiceProvider();
        using var client = isInjected ? services.GetRequiredService<BatchClient>() : gateway.NewClient();
        var submitting = client.SubmitAsync(Enumerable.Repeat(BatchCall.Get("sample/items/1"), calls));
        await gateway.StartAsync();

        var batch = await submitting;

        var listed = Assert.Single(await client.ListAsync().ToListAsync());
        Assert.Equal((batch.Id, calls), (listed.Id, listed.TotalRequests));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task Submit_AnswerLost_GetsTheBatchOfTheTryBefore(int calls)
    {
        // More than one message is an upload. It has to be sent without a word of the gateway.
        var owner = $"{nameof(Submit_AnswerLost_GetsTheBatchOfTheTryBefore)}{calls}";
        using var direct = NewOwner(owner);
        using var proxy = new CutProxy(fixture.Gateway.Address, connection => connection == 0 ? 0 : long.MaxValue);
        using var client = new BatchClient(
            new BatchClientOptions { Address = proxy.Address, Token = owner, RequestsPerMessage = 10 });

        var submitting = client.SubmitAsync(Enumerable.Repeat(BatchCall.Post("sample/echo"), calls));
        var id = await WaitForBatchAsync(direct);
        proxy.Cut();

        Assert.Equal(id, (await submitting.WaitAsync(Deadline)).Id);
        var batch = Assert.Single(await direct.ListAsync().ToListAsync());
        Assert.Equal((id, calls), (batch.Id, batch.TotalRequests));
    }

    [Fact]
    public async Task Submit_NoAnswerInTheEnd_SaysThatTheBatchMayBeThere()
    {
        const string owner = nameof(Submit_NoAnswerInTheEnd_SaysThatTheBatchMayBeThere);
        using var direct = NewOwner(owner);
        using var proxy = new CutProxy(fixture.Gateway.Address, _ => 0);
        using var client = new BatchClient(
            new BatchClientOptions { Address = proxy.Address, Token = owner, RetryTime = TimeSpan.Zero });

        var submitting = client.SubmitAsync([BatchCall.Get("sample/items/1")], new SubmitOptions { IdempotencyKey = "a \"b\\" });
        var id = await WaitForBatchAsync(direct);
        proxy.Cut();

        await Assert.ThrowsAsync<SubmissionUnknownException>(() => submitting.WaitAsync(Deadline));
        var again = await direct.SubmitAsync([BatchCall.Get("sample/items/1")], new SubmitOptions { IdempotencyKey = "a \"b\\" });
        Assert.Equal(id, again.Id);
        var failure = await Assert.ThrowsAsync<BatchException>(
            () => direct.SubmitAsync([BatchCall.Get("sample/items/2")], new SubmitOptions { IdempotencyKey = "a \"b\\" }));
        Assert.Equal(StatusCode.Aborted, failure.StatusCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task Submit_WithOptions_SendsThem(int calls)
    {
        using var client = new BatchClient(new BatchClientOptions { Address = fixture.Gateway.Address, RequestsPerMessage = 10 });
        var start = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3_000);

        var batch = await client.SubmitAsync(
            Enumerable.Repeat(BatchCall.Get("sample/items/1"), calls),
            new SubmitOptions { StartTime = start, Priority = 0, Deadline = start.AddMinutes(1) });
        var status = await batch.GetStatusAsync();

        Assert.Equal(
            (start, 0, start.AddMinutes(1), calls),
            (status.StartTime.ToDateTimeOffset(), status.Priority, status.Deadline.ToDateTimeOffset(), status.RunningRequests));
        await batch.DeleteAsync();
    }

    [Fact]
    public async Task Append_OpenBatch_AddsToItUntilItIsSealed()
    {
        using var client = fixture.Gateway.NewClient();
        var batch = await client.SubmitAsync([BatchCall.Get("sample/items/1")], new SubmitOptions { KeepOpen = true });
        var reading = batch.ReadResultsAsync().ToListAsync().AsTask();

        var first = await batch.AppendAsync([BatchCall.Get("sample/items/2"), BatchCall.Get("sample/items/3")], offset: 1);
        var again = await batch.AppendAsync([BatchCall.Get("sample/items/2"), BatchCall.Get("sample/items/3")], offset: 1);
        var wrong = await Assert.ThrowsAsync<BatchException>(() => batch.AppendAsync([BatchCall.Get("sample/items/9")], offset: 2));
        await batch.AppendAsync([BatchCall.Get("sample/items/4")], first.SubmittedRequests);
        await batch.SealAsync();

        Assert.Equal(first.Requests.Select(request => request.Id), again.Requests.Select(request => request.Id));
        Assert.Equal(StatusCode.Aborted, wrong.StatusCode);
        Assert.Equal(
            ["sample/items/1", "sample/items/2", "sample/items/3", "sample/items/4"],
            (await reading.WaitAsync(Deadline)).OrderBy(result => result.Index).Select(result => result.Request.Path));
        Assert.Equal(BatchState.Done, (await batch.WaitAsync()).State);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ü")]
    [InlineData("a\n")]
    public async Task Submit_KeyThatIsNone_Throws(string key)
    {
        using var client = fixture.Gateway.NewClient();

        await Assert.ThrowsAsync<ArgumentException>(
            () => client.SubmitAsync([BatchCall.Get("sample/items/1")], new SubmitOptions { IdempotencyKey = key }));
    }

    [Fact]
    public async Task Submit_GatewayAsksToWait_WaitsThatLong()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.FailWith(Unavailable(TimeSpan.FromSeconds(50)));
        var time = new FakeTimeProvider();
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address }, time);

        var submitting = client.SubmitAsync([BatchCall.Get("x")]);
        await WaitForCallsAsync(gateway, 1);
        time.Advance(TimeSpan.FromSeconds(49));

        // The timer is set after the failure has come; what is waited for is whichever comes first.
        using var deadline = new CancellationTokenSource(Deadline);
        while (!submitting.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline.Token);
        }

        Assert.Equal("1000000000000000", (await submitting).Id);
        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromSeconds(50));
        Assert.Equal(2, gateway.Service.Calls);
    }

    [Fact]
    public async Task Submit_GatewayAsksToWaitForTooLong_ThrowsWithTheTime()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.FailWith(Unavailable(TimeSpan.FromHours(1)));
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address });

        var failure = await Assert.ThrowsAsync<BatchException>(() => client.SubmitAsync([BatchCall.Get("x")]));

        Assert.Equal((StatusCode.Unavailable, TimeSpan.FromHours(1)), (failure.StatusCode, failure.RetryAfter));
        Assert.Equal(1, gateway.Service.Calls);
    }

    [Fact]
    public async Task Submit_FailuresThatPass_IsRepeatedWithTheSameKey()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var failure = new RpcException(new Grpc.Core.Status(StatusCode.Unavailable, "A proxy may say this."));
        gateway.Service.FailWith(failure, failure);
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address });

        await client.SubmitAsync([BatchCall.Get("x")]);
        await client.SubmitAsync([BatchCall.Get("x")]);

        Assert.Equal(4, gateway.Service.Keys.Count);
        Assert.All(gateway.Service.Keys, key => Assert.Matches("^\"[0-9a-f-]{36}\"$", key));
        Assert.Single(gateway.Service.Keys.Take(3).Distinct());
        Assert.Equal(2, gateway.Service.Keys.Distinct().Count());
    }

    [Theory]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.Internal)]
    public async Task Submit_FailureThatStays_SaysThatTheBatchMayBeThere(StatusCode status)
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.FailWith(new RpcException(new Grpc.Core.Status(status, "A proxy may say this.")));
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address });

        await Assert.ThrowsAsync<SubmissionUnknownException>(() => client.SubmitAsync([BatchCall.Get("x")]));

        Assert.Equal(1, gateway.Service.Calls);
    }

    private static RpcException Unavailable(TimeSpan delay) => new Google.Rpc.Status
    {
        Code = (int)Code.Unavailable,
        Details = { Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }) },
    }.ToRpcException();

    private static async Task WaitForCallsAsync(FakeGateway gateway, int calls)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (gateway.Service.Calls < calls)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline.Token);
        }
    }

    private static async Task<string> WaitForBatchAsync(BatchClient client)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            if (await client.ListAsync(deadline.Token).FirstOrDefaultAsync(deadline.Token) is { } batch)
            {
                return batch.Id;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    private BatchClient NewOwner(string token) =>
        new(new BatchClientOptions { Address = fixture.Gateway.Address, Token = token });
}
