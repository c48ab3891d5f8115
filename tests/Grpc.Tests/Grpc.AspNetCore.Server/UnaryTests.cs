using System.Net;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;

namespace Grpc.Tests.Server;

public sealed class UnaryTests : IAsyncLifetime
{
    private const string EchoPath = "/grpctest.v1.EchoService/Echo";

    private readonly HttpClient _http = new();
    private GrpcTestServer _server = null!;

    public async Task InitializeAsync() => _server = await GrpcTestServer.StartAsync();

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Echo_PlainRequest_ResponseAndTrailers()
    {
        using var response = await CallAsync(RawCall.Frame(new EchoRequest { Text = "hello" }));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.ToString());
        var payload = Assert.Single(RawCall.Payloads(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal("hello", EchoResponse.Parser.ParseFrom(payload).Text);
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Expand_ThreeResponses_ThreeFrames()
    {
        using var response = await CallAsync(
            RawCall.Frame(new EchoRequest { Text = "x", Count = 3 }), "/grpctest.v1.EchoService/Expand");

        var payloads = RawCall.Payloads(await response.Content.ReadAsByteArrayAsync()).ToList();
        Assert.Equal([0, 1, 2], payloads.Select(payload => EchoResponse.Parser.ParseFrom(payload).Index));
        Assert.Equal("0", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_ErrorAsked_TrailersOnly()
    {
        using var response = await CallAsync(RawCall.Frame(new EchoRequest { ErrorCode = 5, ErrorMessage = "nicht da: ü%\n" }));

        Assert.Equal("5", response.Headers.GetValues("grpc-status").Single());
        Assert.Equal("nicht da: %C3%BC%25%0A", response.Headers.GetValues("grpc-message").Single());
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Empty(response.TrailingHeaders);
    }

    [Theory]
    [InlineData("/grpctest.v1.EchoService/Nothing", "Method is unimplemented.")]
    [InlineData("/grpctest.v1.NoService/Echo", "Service is unimplemented.")]
    public async Task Call_UnknownName_Unimplemented(string path, string message)
    {
        using var response = await CallAsync(RawCall.Frame(new EchoRequest()), path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("12", RawCall.Status(response));
        Assert.Equal(message, RawCall.Status(response, "grpc-message"));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpcx")]
    [InlineData("application/grpc-web")]
    public async Task Echo_OtherContentType_415(string contentType)
    {
        using var request = RawCall.Request(_server.Address, EchoPath, RawCall.Frame(new EchoRequest()), contentType);
        using var response = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    private Task<HttpResponseMessage> CallAsync(byte[] body, string path = EchoPath) =>
        _http.SendAsync(RawCall.Request(_server.Address, path, body));
}
