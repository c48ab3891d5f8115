using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Client;

/// <summary>Our client against our server: all kinds of calls and all ways in which they end.</summary>
public sealed class CallTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private GrpcTestServer _server = null!;

    private Echo.EchoService.EchoServiceClient Client => _server.Client;

    public async Task InitializeAsync() => _server = await GrpcTestServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("grüße 🦊")]
    public async Task Echo_Text_ComesBack(string text)
    {
        var response = await Client.EchoAsync(new EchoRequest { Text = text });

        Assert.Equal(text, response.Text);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(100_000, 200_000)]
    [InlineData(4_000_000, 4_000_000)]
    public async Task Echo_Sizes_Exact(int requestSize, int responseSize)
    {
        var response = await Client.EchoAsync(new EchoRequest
        {
            Payload = ByteString.CopyFrom(new byte[requestSize]),
            ResponseSize = responseSize,
        });

        Assert.Equal(requestSize, response.ReceivedSize);
        Assert.Equal(responseSize, response.Payload.Length);
    }

    [Fact]
    public void Echo_Blocking_Answered() => Assert.Equal("x", Client.Echo(new EchoRequest { Text = "x" }).Text);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(1000, false)]
    [InlineData(1000, true)]
    public async Task Expand_Count_AllInOrder(int count, bool bufferHint)
    {
        using var call = Client.Expand(new EchoRequest { Count = count, ResponseSize = 100, BufferHint = bufferHint });

        var indexes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
        {
            indexes.Add(response.Index);
        }

        Assert.Equal(Enumerable.Range(0, count), indexes);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Collect_ThreeRequests_OneResponse()
    {
        using var call = Client.Collect();
        foreach (var text in (string[])["a", "b", "c"])
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Text = text });
        }

        await call.RequestStream.CompleteAsync();

        Assert.Equal("a,b,c", (await call).Text);
    }

    [Fact]
    public async Task Collect_NoRequest_Answered()
    {
        using var call = Client.Collect();
        await call.RequestStream.CompleteAsync();

        Assert.Equal("", (await call).Text);
    }

    [Fact]
    public async Task Chat_PingPong_EachAnsweredBeforeTheNext()
    {
        using var call = Client.Chat();
        for (var i = 0; i < 20; i++)
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Text = $"{i}" });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"{i}", call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    [Fact]
    public async Task Chat_ServerEndsEarly_WriterAndReaderGetTheStatus()
    {
        using var call = Client.Chat();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "a", ErrorCode = (int)StatusCode.Aborted, ErrorMessage = "enough" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        var read = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        var write = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new EchoRequest()));

        Assert.Equal(new Core.Status(StatusCode.Aborted, "enough"), read.Status);
        Assert.Equal(read.Status, write.Status);
    }

    [Theory]
    [InlineData(StatusCode.NotFound, "not here")]
    [InlineData(StatusCode.Unauthenticated, "")]
    [InlineData(StatusCode.ResourceExhausted, "100 % voll: ü €\r\n🦊")]
    [InlineData((StatusCode)99, "unheard of")]
    public async Task Echo_Error_CodeAndMessage(StatusCode code, string message)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.EchoAsync(new EchoRequest { ErrorCode = (int)code, ErrorMessage = message }));

        Assert.Equal(Enum.IsDefined(code) ? code : StatusCode.Unknown, exception.StatusCode);
        Assert.Equal(message, exception.Status.Detail);
    }

    [Fact]
    public async Task Expand_ErrorAfterResponses_ResponsesThenError()
    {
        using var call = Client.Expand(new EchoRequest { Count = 2, ErrorCode = (int)StatusCode.DataLoss, ErrorMessage = "lost" });

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.DataLoss, exception.StatusCode);
        Assert.Equal(StatusCode.DataLoss, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Echo_RichError_StatusDetails()
    {
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await Client.EchoAsync(
            new EchoRequest { ErrorCode = (int)StatusCode.FailedPrecondition, ErrorMessage = "no", ErrorReason = "BECAUSE" }));

        var status = exception.GetRpcStatus();
        Assert.NotNull(status);
        Assert.Equal((int)StatusCode.FailedPrecondition, status.Code);
        Assert.Equal("BECAUSE", Assert.Single(status.Details).Unpack<Google.Rpc.ErrorInfo>().Reason);
    }

    [Fact]
    public async Task Echo_HandlerThrows_UnknownWithoutDetails()
    {
        _server.ExpectErrors = true;
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.EchoAsync(new EchoRequest { ThrowMessage = "the password is 1234" }));

        Assert.Equal(StatusCode.Unknown, exception.StatusCode);
        Assert.Equal("Exception was thrown by handler.", exception.Status.Detail);
    }

    [Fact]
    public async Task Echo_HandlerThrowsWithDetailsEnabled_MessageTold()
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.EnableDetailedErrors = true);
        server.ExpectErrors = true;
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.EchoAsync(new EchoRequest { ThrowMessage = "oops" }));

        Assert.Equal("Exception was thrown by handler. InvalidDataException: oops", exception.Status.Detail);
    }

    [Fact]
    public async Task Echo_Metadata_BothKindsBothWaysSeveralValues()
    {
        byte[] bytes = [0, 1, 255, 254];
        var headers = new Metadata { { "x-one", "1" }, { "X-Two", "a" }, { "x-two", "b, c" }, { "x-three-bin", bytes }, { "x-three-bin", [] } };
        using var call = Client.EchoAsync(new EchoRequest { EchoMetadata = true }, headers);

        var responseHeaders = await call.ResponseHeadersAsync;
        await call;
        var trailers = call.GetTrailers();

        // HttpClient joins the values of one key, as the specification lets it; what is bytes is taken apart again.
        Assert.Equal("1", responseHeaders.GetValue("x-one"));
        Assert.Equal("a, b, c", string.Join(", ", responseHeaders.GetAll("x-two").Select(entry => entry.Value)));
        Assert.Equal([bytes, []], responseHeaders.GetAll("x-three-bin").Select(entry => entry.ValueBytes));
        Assert.Equal("1", trailers.GetValue("x-one-trailer"));
        Assert.Equal("a, b, c", string.Join(", ", trailers.GetAll("x-two-trailer").Select(entry => entry.Value)));
        Assert.Equal([bytes, []], trailers.GetAll("x-three-trailer-bin").Select(entry => entry.ValueBytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Echo_DeadlinePasses_DeadlineExceeded(bool handlerIgnores)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await Client.EchoAsync(
            new EchoRequest { SleepMs = handlerIgnores ? 2_000 : 60_000, IgnoreCancellation = handlerIgnores },
            deadline: Soon(200)));

        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
    }

    [Fact]
    public async Task Echo_DeadlineInThePast_DeadlineExceededAtOnce()
    {
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.EchoAsync(new EchoRequest(), deadline: Soon(-1000)));

        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
    }

    [Fact]
    public async Task Echo_FarDeadline_Answered()
    {
        var response = await Client.EchoAsync(new EchoRequest { Text = "x" }, deadline: Soon(3_600_000L * 24 * 365 * 100));

        Assert.Equal("x", response.Text);
    }

    [Fact]
    public async Task Echo_Cancelled_HandlerSeesIt()
    {
        using var cancellation = new CancellationTokenSource();
        using var call = Client.EchoAsync(new EchoRequest { SleepMs = 60_000 }, cancellationToken: cancellation.Token);
        await _server.Probe.Sleeping.Task.WaitAsync(Patience);

        await cancellation.CancelAsync();

        var exception = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Cancelled, exception.StatusCode);
        await _server.Probe.Cancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task Expand_Disposed_HandlerSeesIt()
    {
        var call = Client.Expand(new EchoRequest { Count = int.MaxValue, ResponseSize = 1000 });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        call.Dispose();

        await _server.Probe.Cancelled.Task.WaitAsync(Patience);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Echo_RequestTooLarge_ResourceExhausted()
    {
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await Client.EchoAsync(
            new EchoRequest { Payload = ByteString.CopyFrom(new byte[4 * 1024 * 1024]) }));

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
    }

    [Fact]
    public async Task Echo_ResponseTooLargeForServer_ResourceExhausted()
    {
        await using var server = await GrpcTestServer.StartAsync(options => options.MaxSendMessageSize = 1000);
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Client.EchoAsync(new EchoRequest { ResponseSize = 1001 }));

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.Equal(10, (await server.Client.EchoAsync(new EchoRequest { ResponseSize = 10 })).Payload.Length);
    }

    [Fact]
    public async Task Echo_ResponseTooLargeForClient_ResourceExhausted()
    {
        using var channel = GrpcChannel.ForAddress(_server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = 1000 });
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Echo.EchoService.EchoServiceClient(channel).EchoAsync(new EchoRequest { ResponseSize = 1001 }));

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
    }

    [Fact]
    public async Task Echo_RequestTooLargeForClient_ResourceExhausted()
    {
        using var channel = GrpcChannel.ForAddress(_server.Address, new GrpcChannelOptions { MaxSendMessageSize = 10 });
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Echo.EchoService.EchoServiceClient(channel).EchoAsync(new EchoRequest { Text = "more than ten bytes" }));

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
    }

    [Fact]
    public async Task Echo_NobodyListens_Unavailable()
    {
        var address = _server.Address;
        await _server.StopAsync();
        using var channel = GrpcChannel.ForAddress(address);
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Echo.EchoService.EchoServiceClient(channel).EchoAsync(new EchoRequest()));

        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
    }

    [Fact]
    public async Task Expand_ReaderStops_WriterWaits()
    {
        using var call = Client.Expand(new EchoRequest { Count = int.MaxValue, ResponseSize = 10_000, BufferHint = true });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        // The writer stands still once the windows are full: what it wrote stops growing far below what it would.
        var written = -1;
        for (var stable = 0; stable < 5;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            stable = _server.Probe.Written == written ? stable + 1 : 0;
            written = _server.Probe.Written;
        }

        Assert.InRange(written, 1, 10_000);
    }

    private static DateTime Soon(long milliseconds) => TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(milliseconds);
}
