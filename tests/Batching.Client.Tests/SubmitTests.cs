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
    public async Task Submit_AnswerLost_SaysSoAndDoesNotSubmitAgain(int calls)
    {
        // More than one message is an upload. It has to be sent without a word of the gateway.
        var owner = $"{nameof(Submit_AnswerLost_SaysSoAndDoesNotSubmitAgain)}{calls}";
        using var direct = NewOwner(owner);
        using var proxy = new CutProxy(fixture.Gateway.Address, _ => 0);
        using var client = new BatchClient(
            new BatchClientOptions { Address = proxy.Address, Token = owner, RequestsPerMessage = 10 });

        var submitting = client.SubmitAsync(Enumerable.Repeat(BatchCall.Get("sample/items/1"), calls));
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await direct.ListAsync(deadline.Token).AnyAsync(deadline.Token))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }

        proxy.Cut();

        await Assert.ThrowsAsync<SubmissionUnknownException>(() => submitting.WaitAsync(Deadline));
        Assert.Equal(calls, Assert.Single(await direct.ListAsync().ToListAsync()).TotalRequests);
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

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.Internal)]
    public async Task Submit_FailureThatDoesNotSayWhetherItIsStored_IsNotRepeated(StatusCode status)
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

    private BatchClient NewOwner(string token) =>
        new(new BatchClientOptions { Address = fixture.Gateway.Address, Token = token });
}
