using Batching.Server.Keyed.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Keyed.Tests;

/// <summary>The RPC itself.</summary>
[Collection(SharedGateway.Name)]
public sealed class GrpcTests(GatewayFixture fixture) : IDisposable
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
        Assert.Equal(Convert.FromBase64String(GatewayFixture.Png), reply.Replies[1].Response.Body.ToByteArray());
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
    public async Task RunBatch_NoCalls_HasNoReplies() =>
        Assert.Empty((await Client.RunBatchAsync(new RunBatchRequest())).Replies);

    private static KeyedRequest Call(string key, Request? request) => new() { Key = key, Request = request };
}
