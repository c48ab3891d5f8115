using System.Net;
using Batching.Client.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Batching.Client.Tests;

public sealed class BatchClientTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task Run_KeyedCalls_HasTypedReplies()
    {
        using var client = fixture.Gateway.NewClient();

        var replies = await client.RunAsync(new Dictionary<string, Request>
        {
            ["one"] = BatchCall.Get("sample/items/7"),
            ["new"] = BatchCall.Post("sample/items").WithJson(new NewItem("made"), TestJson.Default.NewItem),
            ["none"] = BatchCall.Get("sample/nothing"),
            ["bad"] = BatchCall.Get("../secret"),
        });

        Assert.Equal(["one", "new", "none", "bad"], replies.Keys);
        Assert.Equal(7, replies["one"].ReadJson(TestJson.Default.Item)!.Id);
        Assert.Equal("made", replies["new"].ReadJson<Item>()!.Name);
        Assert.Equal((404, false, null), (replies["none"].StatusCode, replies["none"].IsSuccess, replies["none"].Failure));
        Assert.Equal((400, "INVALID_ARGUMENT"), (replies["bad"].StatusCode, replies["bad"].Failure));
        Assert.Throws<CallFailedException>(replies["none"].EnsureSuccess);
    }

    [Fact]
    public async Task Submit_CallWithEverything_SendsIt()
    {
        using var client = fixture.Gateway.NewClient();
        var call = BatchCall.Put("sample/echo").WithQuery("q", "a b&c").WithHeader("X-Trace", "seen")
            .WithBody("<a/>"u8, "application/xml");

        var batch = await client.SubmitAsync([call]);
        var echo = Assert.Single(await batch.ReadResultsAsync().ToListAsync()).ReadText();

        Assert.Contains("\"q\":[\"a b&c\"]", WebUtility.HtmlDecode(echo.Replace("\\u0026", "&", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("\"x-trace\":\"seen\"", echo, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("application/xml", echo, StringComparison.Ordinal);
        Assert.Contains("PUT", echo, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Walk_PagedCollection_BringsEveryPage()
    {
        using var client = fixture.Gateway.NewClient();

        var batch = await client.SubmitAsync([BatchCall.Walk("sample/items?total=450")]);
        var results = await batch.ReadResultsAsync().ToListAsync();

        Assert.Equal(6, results.Count);
        Assert.Equal(5, results.Count(result => result.SpawnedBy != batch.Id));
        var detected = await client.DetectPaginationAsync(BatchCall.Walk("sample/items?total=450"));
        Assert.Equal("/sample/items?total=450&limit=100", detected.NextPage.Path.Split("&cursor")[0]);
    }

    [Fact]
    public async Task Cancel_RunningBatch_EndsItsRequests()
    {
        using var client = fixture.Gateway.NewClient();
        var batch = await client.SubmitAsync([BatchCall.Get("sample/slow?ms=60000")]);

        await batch.CancelAsync();

        var result = Assert.Single(await batch.ReadResultsAsync().ToListAsync());
        Assert.Equal((499, "CANCELLED"), (result.StatusCode, result.Failure));
        Assert.Equal(BatchState.Cancelled, (await batch.GetStatusAsync()).State);
    }

    [Fact]
    public async Task Delete_Batch_IsGone()
    {
        using var client = fixture.Gateway.NewClient();
        var batch = await client.SubmitAsync([BatchCall.Get("sample/items/1")]);

        await batch.DeleteAsync();

        var failure = await Assert.ThrowsAsync<BatchException>(() => batch.GetStatusAsync());
        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        failure = await Assert.ThrowsAsync<BatchException>(() => batch.DeleteAsync());
        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task Delete_AnswerOfTheFirstTryLost_IsNoFailure()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.FailWith(
            new RpcException(new Status(StatusCode.Unavailable, "")), new RpcException(new Status(StatusCode.NotFound, "")));
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address });

        await client.Open("1000000000000000").DeleteAsync();

        Assert.Equal(2, gateway.Service.Calls);
    }

    [Fact]
    public async Task GetStatus_GatewayAwayForTooLong_Throws()
    {
        using var gateway = TestGateway.Create();
        using var client = new BatchClient(new BatchClientOptions { Address = gateway.Address, RetryTime = TimeSpan.Zero });

        var failure = await Assert.ThrowsAsync<BatchException>(() => client.Open("1000000000000000").GetStatusAsync());

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task GetStatus_Cancelled_ThrowsThat()
    {
        using var gateway = TestGateway.Create();
        using var client = gateway.NewClient();
        using var cancelled = new CancellationTokenSource();
        var asking = client.Open("1000000000000000").GetStatusAsync(cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task AddBatchClient_Services_GiveAClientOfTheirOwner()
    {
        await using var services = new ServiceCollection()
            .AddBatchClient(options =>
            {
                options.Address = fixture.Gateway.Address;
                options.Token = nameof(AddBatchClient_Services_GiveAClientOfTheirOwner);
            })
            .Services.BuildServiceProvider();

        var client = services.GetRequiredService<BatchClient>();
        var batch = await client.SubmitAsync([BatchCall.Get("sample/items/1")]);

        Assert.Equal(200, Assert.Single(await batch.ReadResultsAsync().ToListAsync()).StatusCode);
        Assert.Equal([batch.Id], await client.ListAsync().Select(listed => listed.Id).ToListAsync());
    }

    [Fact]
    public void New_SettingOutOfBounds_NamesIt()
    {
        var failure = Assert.Throws<ArgumentException>(() => new BatchClient(new BatchClientOptions { BytesPerMessage = 1 }));

        Assert.Equal("BatchClientOptions.BytesPerMessage must be 1 KiB to 1 GiB.", failure.Message);
    }
}
