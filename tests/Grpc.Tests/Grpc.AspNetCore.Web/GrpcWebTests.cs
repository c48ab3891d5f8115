using System.Net;
using System.Text;
using Grpc.Tests.Echo;
using Grpc.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Tests.Web;

public sealed class GrpcWebTests : IAsyncLifetime
{
    private const string Path = "/grpctest.v1.EchoService/";

    private readonly HttpClient _http = new();
    private GrpcTestServer _server = null!;

    public async Task InitializeAsync() => _server = await GrpcTestServer.StartAsync(
        configure: builder => builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins("https://page.example")
            .AllowAnyHeader()
            .AllowAnyMethod()
            .WithExposedHeaders("grpc-status", "grpc-message"))),
        map: app => app.UseRouting().UseCors().UseGrpcWeb(new() { DefaultEnabled = true }),
        protocols: HttpProtocols.Http1);

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text")]
    [InlineData("application/grpc-web-text+proto")]
    public async Task Echo_EitherContentType_ResponseAndTrailersInBody(string contentType)
    {
        using var response = await CallAsync("Echo", contentType, new EchoRequest { Text = "hello", ResponseSize = 100_000 });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(contentType.Split('+')[0], response.Content.Headers.ContentType!.MediaType, StringComparison.Ordinal);
        var (messages, trailers) = await ReadAsync(response);
        Assert.Equal("hello", Assert.Single(messages).Text);
        Assert.Equal("grpc-status: 0\r\n", trailers);
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web-text")]
    public async Task Expand_FiveHundredResponses_All(string contentType)
    {
        using var response = await CallAsync("Expand", contentType, new EchoRequest { Count = 500, ResponseSize = 1000 });

        var (messages, trailers) = await ReadAsync(response);
        Assert.Equal(Enumerable.Range(0, 500), messages.Select(message => message.Index));
        Assert.Equal("grpc-status: 0\r\n", trailers);
    }

    [Fact]
    public async Task Echo_Error_StatusInHeaders()
    {
        using var response = await CallAsync("Echo", "application/grpc-web", new EchoRequest { ErrorCode = 5, ErrorMessage = "not here" });

        Assert.Equal("5", RawCall.Status(response));
        Assert.Equal("not here", RawCall.Status(response, "grpc-message"));
    }

    [Fact]
    public async Task Expand_ErrorAfterResponse_StatusInBody()
    {
        using var response = await CallAsync("Expand", "application/grpc-web-text", new EchoRequest { Count = 1, ErrorCode = 5, ErrorMessage = "gone" });

        var (messages, trailers) = await ReadAsync(response);
        Assert.Single(messages);
        Assert.Equal("grpc-status: 5\r\ngrpc-message: gone\r\n", trailers);
    }

    [Fact]
    public async Task Expand_DeadlinePasses_StatusInBody()
    {
        using var request = Request("Expand", "application/grpc-web", new EchoRequest { SleepMs = 60_000 });
        request.Headers.Add("grpc-timeout", "100m");
        using var response = await _http.SendAsync(request);

        Assert.Equal("4", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_MalformedBase64_Internal()
    {
        using var request = Request("Echo", "application/grpc-web-text", new EchoRequest());
        request.Content = new StringContent("%%%%%%%%", Encoding.ASCII);
        request.Content.Headers.ContentType = new("application/grpc-web-text");
        using var response = await _http.SendAsync(request);

        Assert.Equal("13", RawCall.Status(response));
    }

    [Fact]
    public async Task Echo_Unknown_Unimplemented()
    {
        using var response = await CallAsync("Nothing", "application/grpc-web", new EchoRequest());

        Assert.Equal("12", RawCall.Status(response));
    }

    [Fact]
    public async Task Preflight_AllowedOrigin_Allowed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, new Uri(_server.Address, Path + "Echo"));
        request.Headers.Add("Origin", "https://page.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type,x-grpc-web");
        using var response = await _http.SendAsync(request);

        Assert.Equal("https://page.example", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task Echo_CrossOrigin_StatusExposed()
    {
        using var request = Request("Echo", "application/grpc-web", new EchoRequest());
        request.Headers.Add("Origin", "https://page.example");
        using var response = await _http.SendAsync(request);

        Assert.Contains("grpc-status", string.Join(',', response.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> CallAsync(string method, string contentType, EchoRequest message) =>
        _http.SendAsync(Request(method, contentType, message));

    private HttpRequestMessage Request(string method, string contentType, EchoRequest message)
    {
        var body = RawCall.Frame(message);
        if (contentType.Contains("text", StringComparison.Ordinal))
        {
            // In two pieces, each with its padding.
            body = Encoding.ASCII.GetBytes(Convert.ToBase64String(body, 0, 4) + Convert.ToBase64String(body, 4, body.Length - 4));
        }

        var request = RawCall.Request(_server.Address, Path + method, body, contentType);
        request.Version = HttpVersion.Version11;
        return request;
    }

    private static async Task<(List<EchoResponse> Messages, string? Trailers)> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        if (response.Content.Headers.ContentType!.MediaType!.Contains("text", StringComparison.Ordinal))
        {
            body = Decode(Encoding.ASCII.GetString(body));
        }

        var trailersAt = 0;
        while (trailersAt < body.Length && body[trailersAt] == 0)
        {
            trailersAt += 5 + (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(trailersAt + 1));
        }

        var messages = RawCall.Payloads(body[..trailersAt]).Select(EchoResponse.Parser.ParseFrom).ToList();
        return (messages, trailersAt == body.Length ? null : Encoding.ASCII.GetString(body, trailersAt + 5, body.Length - trailersAt - 5));
    }

    private static byte[] Decode(string pieces)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < pieces.Length; i += 4)
        {
            bytes.AddRange(Convert.FromBase64String(pieces.Substring(i, 4)));
        }

        return [.. bytes];
    }
}
