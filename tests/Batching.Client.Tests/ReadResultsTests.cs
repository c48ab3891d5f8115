using Batching.Client.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Client.Tests;

public sealed class ReadResultsTests
{
    private const int Period = 251;

    [Fact]
    public async Task ReadResults_GatewayKilledInTheMiddle_BringsEachResultOnce()
    {
        const int calls = 2_000;
        int[] killAt = [1, 700, 1_500];
        using var gateway = await TestGateway.StartNewAsync();
        using var client = gateway.NewClient();
        var batch = await client.SubmitAsync(Enumerable.Range(1, calls).Select(id => BatchCall.Get($"sample/items/{id}")));

        var results = new List<BatchResult>();
        var restarting = Task.CompletedTask;
        await foreach (var result in batch.ReadResultsAsync())
        {
            results.Add(result);
            if (killAt.Contains(results.Count))
            {
                await restarting;
                await gateway.KillAsync();
                restarting = gateway.StartAsync();
            }
        }

        await restarting;
        Assert.Equal(Enumerable.Range(0, calls), results.Select(result => result.Index).Order());
        Assert.Equal(Enumerable.Range(1, calls).Select(position => (long)position), results.Select(result => result.Position));
        Assert.All(results, result =>
        {
            Assert.True(result.IsSuccess, result.FailureMessage);
            Assert.Equal(result.Index + 1, result.ReadJson(TestJson.Default.Item)!.Id);
        });
    }

    [Fact]
    public async Task ReadResults_ConnectionCutAgainAndAgain_BringsEachResultOnce()
    {
        // More than a connection has on its way at once, so that each cut meets what is not read yet.
        const int calls = 400;
        const int size = 40_000;
        int[] cutAt = [1, 50, 51, 200];
        using var gateway = await TestGateway.StartNewAsync();
        using var proxy = new CutProxy(gateway.Address, _ => long.MaxValue);
        using var client = gateway.NewClient(proxy.Address);
        var batch = await client.SubmitAsync(Enumerable.Range(0, calls).Select(_ => BatchCall.Get($"sample/bytes?size={size}")));
        await batch.WaitAsync();

        var results = new List<BatchResult>();
        await foreach (var result in batch.ReadResultsAsync())
        {
            results.Add(result);
            if (cutAt.Contains(results.Count))
            {
                proxy.Cut();
            }
        }

        Assert.True(proxy.Connections > 2, $"There were {proxy.Connections} connections.");
        Assert.Equal(Enumerable.Range(1, calls).Select(position => (long)position), results.Select(result => result.Position));
        Assert.Equal(Enumerable.Range(0, calls), results.Select(result => result.Index).Order());
        Assert.All(results, result => AssertPattern(result.Body, size));
    }

    [Fact]
    public async Task ReadResults_LargeBodyAndCutConnections_HasTheBody()
    {
        const int size = 9_000_000;
        using var gateway = await TestGateway.StartNewAsync();
        using var direct = gateway.NewClient();
        var submitted = await direct.SubmitAsync([BatchCall.Get($"sample/bytes?size={size}")]);
        await submitted.WaitAsync();

        using var proxy = new CutProxy(gateway.Address, connection => connection < 4 ? 2_500_000 : long.MaxValue);
        using var client = gateway.NewClient(proxy.Address);
        var result = Assert.Single(await client.Open(submitted.Id).ReadResultsAsync().ToListAsync());

        Assert.True(proxy.Connections > 3, $"There were {proxy.Connections} connections.");
        Assert.False(result.IsBodyOmitted);
        AssertPattern(result.Body, size);
    }

    [Fact]
    public async Task ReadResults_BodyBeyondTheLimit_LeavesItOutToBeCopied()
    {
        const int size = 6_000_000;
        using var gateway = await TestGateway.StartNewAsync();
        using var client = gateway.NewClient();
        var batch = await client.SubmitAsync([BatchCall.Get($"sample/bytes?size={size}")]);

        var result = Assert.Single(
            await batch.ReadResultsAsync(new ReadOptions { MaxBodyBytes = size - 1 }).ToListAsync());

        Assert.True(result.IsBodyOmitted);
        Assert.Equal(size, result.Size);
        Assert.Throws<InvalidOperationException>(result.ReadText);
        using var body = new MemoryStream();
        await batch.CopyBodyToAsync(result.Id, body);
        AssertPattern(body.ToArray(), size);
    }

    [Fact]
    public async Task ReadResults_WithAfter_StartsBehindIt()
    {
        using var gateway = await TestGateway.StartNewAsync();
        using var client = gateway.NewClient();
        var batch = await client.SubmitAsync(Enumerable.Range(1, 20).Select(id => BatchCall.Get($"sample/items/{id}")));

        await batch.WaitAsync();
        var results = await batch.ReadResultsAsync(new ReadOptions { After = 15, Fields = ["index"] }).ToListAsync();

        Assert.Equal([16, 17, 18, 19, 20], results.Select(result => result.Position));
    }

    [Fact]
    public async Task ReadResults_WithProgress_EndsWithAllOfIt()
    {
        using var gateway = await TestGateway.StartNewAsync();
        using var client = gateway.NewClient();
        var batch = await client.SubmitAsync([BatchCall.Get("sample/items/1"), BatchCall.Get("sample/fail?status=404")]);
        var progress = new ProgressList();

        _ = await batch.ReadResultsAsync(new ReadOptions { Progress = progress }).ToListAsync();

        Assert.Equal(new BatchProgress(BatchState.Done, Total: 2, Running: 0, Failed: 1, Read: 2), progress.Last);
    }

    [Fact]
    public async Task ReadResults_EndOfAGatewayThatStops_GoesOnBehindTheLastPosition()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.Streams = stream => stream == 0
            ? [Result(1), Result(2), new FetchResultsResponse { Position = 2, End = new EndOfResults { RunningRequests = 1 } }]
            : [Result(3), new FetchResultsResponse { Position = 3, End = new EndOfResults() }];
        using var client = NewClient(gateway);

        var results = await client.Open("1000000000000000").ReadResultsAsync().ToListAsync();

        Assert.Equal([1, 2, 3], results.Select(result => result.Position));
        Assert.Equal([0, 2], gateway.Service.Afters);
    }

    [Fact]
    public async Task ReadResults_StreamWithoutItsLastRecord_CountsAsCut()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.Streams = stream => stream == 0
            ? [Result(1)]
            : [new FetchResultsResponse { Position = 1, End = new EndOfResults() }];
        using var client = NewClient(gateway);

        var results = await client.Open("1000000000000000").ReadResultsAsync().ToListAsync();

        Assert.Single(results);
        Assert.Equal([0, 1], gateway.Service.Afters);
    }

    [Fact]
    public async Task ReadResults_BatchDeletedMeanwhile_Throws()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.Streams = _ => [Result(1)];
        gateway.Service.FailWith(new RpcException(new Grpc.Core.Status(StatusCode.Aborted, "The batch was deleted.")));
        using var client = NewClient(gateway);

        var failure = await Assert.ThrowsAsync<BatchException>(
            async () => await client.Open("1000000000000000").ReadResultsAsync().ToListAsync());

        Assert.Equal(StatusCode.Aborted, failure.StatusCode);
    }

    [Fact]
    public async Task ReadResults_ReaderThatWasTooSlow_GoesOn()
    {
        // As a gateway says it that has waited for its reader for too long.
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Service.Streams = stream => stream == 0
            ? [Result(1)]
            : [new FetchResultsResponse { Position = 1, End = new EndOfResults() }];
        gateway.Service.FailWith(new Google.Rpc.Status
        {
            Code = (int)Code.ResourceExhausted,
            Details = { Google.Protobuf.WellKnownTypes.Any.Pack(new RetryInfo { RetryDelay = new() }) },
        }.ToRpcException());
        using var client = NewClient(gateway);

        Assert.Single(await client.Open("1000000000000000").ReadResultsAsync().ToListAsync());
    }

    private static BatchClient NewClient(FakeGateway gateway) =>
        new(new BatchClientOptions { Address = gateway.Address, RetryDelay = TimeSpan.FromMilliseconds(10) });

    private static FetchResultsResponse Result(long position) =>
        new() { Position = position, Request = new Request { Id = $"{position}", Response = new Response { StatusCode = 200 } } };

    private static void AssertPattern(ReadOnlyMemory<byte> body, int size)
    {
        Assert.Equal(size, body.Length);
        var bytes = body.Span;
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] != at % Period)
            {
                Assert.Fail($"Byte {at} is {bytes[at]} instead of {at % Period}.");
            }
        }
    }
}
