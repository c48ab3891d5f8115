using Google.Protobuf;
using Grpc.Core;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Client;

public sealed class CompressionTests
{
    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task AllMessages_CompressedBothWays_Same(string encoding)
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.ResponseCompressionAlgorithm = encoding);
        var headers = new Metadata { { "grpc-internal-encoding-request", encoding } };
        var request = new EchoRequest { Text = "x", Payload = ByteString.CopyFrom(new byte[100_000]), ResponseSize = 50_000, Count = 3 };

        var echo = await server.Client.EchoAsync(request, headers);
        Assert.Equal((100_000, 50_000), (echo.ReceivedSize, echo.Payload.Length));

        using var expand = server.Client.Expand(request, headers);
        var responses = await expand.ResponseStream.ReadAllAsync().CountAsync();
        Assert.Equal(3, responses);

        using var chat = server.Client.Chat(headers);
        await chat.RequestStream.WriteAsync(request);
        Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(100_000, chat.ResponseStream.Current.ReceivedSize);
    }

    [Fact]
    public async Task Echo_NoCompressFlag_SentAsItIs()
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.MaxReceiveMessageSize = 200_000);
        var options = new CallOptions(
            new Metadata { { "grpc-internal-encoding-request", "gzip" } },
            writeOptions: new WriteOptions(WriteFlags.NoCompress));

        var response = await server.Client.EchoAsync(new EchoRequest { Text = "x" }, options);

        Assert.Equal("x", response.Text);
    }
}
