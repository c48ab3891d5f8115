using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Keyed;

/// <summary>The RPC itself.</summary>
[Collection(SharedKeyedGateway.Name)]
public sealed class GrpcTests(KeyedFixture fixture) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(fixture.Gateway.Address);

    private KeyedBatchService.KeyedBatchServiceClient Client => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task RunBatch_GoodAndBadCalls_AnswersEachInOrder()
    {
        var reply = await Client.RunBatchAsync(new RunBatchRequest
        {
            Calls =
            {
                Call("t", new Request { Path = "/api/tickets", Method = "POST", Body = ByteString.CopyFromUtf8("{}") }),
                Call("img", new Request { Path = "api/img/1.png" }),
                Call("", new Request { Path = "/api/v2/batch" }),
                Call("none", null),
                Call("spawner", new Request { Path = "/text", Spawner = true }),
                Call("method", new Request { Path = "/text", Method = "BREW" }),
            },
        });

        Assert.Equal(["t", "img", "", "none", "spawner", "method"], reply.Replies.Select(entry => entry.Key));
        Assert.Equal([201, 200, 400, 400, 400, 400], reply.Replies.Select(entry => entry.Response.StatusCode));
        Assert.Equal("""{"title":"new-ticket"}""", reply.Replies[0].Response.Body.ToStringUtf8());
        Assert.Equal(Convert.FromBase64String(KeyedFixture.Png), reply.Replies[1].Response.Body.ToByteArray());
        Assert.Equal("image/png", reply.Replies[1].Response.ContentType);
        Assert.Equal(70, reply.Replies[1].Response.Size);
        Assert.Equal("path belongs to batches: a batch can't be a call of another one.", reply.Replies[2].Response.Error.Message);
        Assert.All(reply.Replies.Skip(2), entry => Assert.Equal((int)StatusCode.InvalidArgument, entry.Response.Error.Code));
    }

    [Fact]
    public async Task RunBatch_KeyTwice_IsInvalid()
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client.RunBatchAsync(new RunBatchRequest
        {
            Calls = { Call("a", new Request { Path = "/text" }), Call("a", new Request { Path = "/text" }) },
        }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("calls[1].key is given twice: 'a'.", error.Status.Detail);
    }

    [Fact]
    public async Task RunBatch_PostThatClaimsToBeAPage_IsSentOnce()
    {
        await using var api = await KeyedApi.StartAsync();
        api.Map("/busy", context => KeyedApi.AnswerAsync(context, 503, null, []));
        await using var gateway = await KeyedGateway.StartAsync(api.Address);
        using var channel = GrpcChannel.ForAddress(gateway.Address);

        var reply = await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(new RunBatchRequest
        {
            Calls = { Call("a", new Request { Path = "/busy", Method = "POST", SpawnedBy = "1234567890123456" }) },
        });

        Assert.Equal(503, reply.Replies[0].Response.StatusCode);
        Assert.Single(api.Calls);
    }

    // A client as it comes takes 4 MiB.
    [Fact]
    public async Task RunBatch_RepliesBeyondAMessage_AreErrorsAndLeaveTheOthersAlone()
    {
        int[] sizes = [1_000_000, 3_000_000, 5_000_000, 2_000_000, 10];
        await using var api = await KeyedApi.StartAsync();
        foreach (var size in sizes)
        {
            api.Map($"/{size}", context => KeyedApi.AnswerAsync(context, 200, "image/png", new byte[size]));
        }

        await using var gateway = await KeyedGateway.StartAsync(api.Address, "Batch:Keyed:Parallelism=1");
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var reply = await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(new RunBatchRequest
        {
            Calls = { sizes.Select((size, i) => Call($"{i}", new Request { Path = $"/{size}" })) },
        });

        Assert.Equal([200, 200, 502, 502, 200], reply.Replies.Select(entry => entry.Response.StatusCode));
        Assert.All(reply.Replies, entry => Assert.Equal(entry.Response.Error is null ? entry.Response.Size : 0, entry.Response.Body.Length));
        Assert.Contains("4161536 bytes", reply.Replies[2].Response.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunBatch_KeysBeyondAMessage_AreInvalid()
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client.RunBatchAsync(new RunBatchRequest
        {
            Calls = { Enumerable.Range(0, 5).Select(i => Call($"{i}{new string('k', 1_000_000)}", new Request { Path = "/text" })) },
        }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.StartsWith("calls have keys", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunBatch_NoCalls_HasNoReplies() =>
        Assert.Empty((await Client.RunBatchAsync(new RunBatchRequest())).Replies);

    private static KeyedRequest Call(string key, Request? request) => new() { Key = key, Request = request };
}
