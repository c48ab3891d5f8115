using System.Net;
using System.Net.Sockets;
using Batching.Server.Configuration;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace Batching.Server.Tests.Security;

/// <summary>Names that the gateway goes by: a page of any other name is none of its own (DNS rebinding).</summary>
public sealed class AllowedHostsTests
{
    private static readonly string[] Paths =
    [
        "/", "/healthz", "/api/v0/batch", "/api/v1/batches", "/api/v2/batch?get[a]=/x", "/nowhere",
    ];

    [Theory]
    [InlineData("evil.example.com", "1.1", 400)]
    [InlineData("evil.example.com:8080", "1.1", 400)]
    [InlineData("evil.example.com", "2.0", 400)]
    [InlineData("localhost.evil.example.com", "1.1", 400)]
    [InlineData("10.0.0.1", "1.1", 400)]
    [InlineData("localhost", "1.1", 200)]
    [InlineData("LOCALHOST:1234", "2.0", 200)]
    [InlineData("app.localhost", "1.1", 200)]
    [InlineData("127.0.0.1", "2.0", 200)]
    [InlineData("[::1]:8080", "1.1", 200)]
    public async Task Call_OfALoopbackAddress_HasToNameOne(string host, string version, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        foreach (var path in Paths[..^1])
        {
            Assert.Equal(status, (int)(await GetAsync(gateway, path, host, version)).StatusCode);
        }

        Assert.Equal(status == 400 ? 400 : 404, (int)(await GetAsync(gateway, Paths[^1], host, version)).StatusCode);

        // Nothing of it has any effect.
        Assert.Equal(status == 400 ? 0 : 1, api.Requests.Count);
    }

    [Fact]
    public async Task Call_OfAnotherName_IsRefusedInTheFormOfItsPath()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        const string message = "The gateway is not called 'evil.example.com': AllowedHosts does not list it.";

        var v0 = await SendAsync(gateway, "/api/v0/batch");
        Assert.Equal(message, v0.Error(400, "INVALID_ARGUMENT").Json.GetProperty("message").GetString());
        Assert.Equal("nosniff", v0.Headers.GetValues("X-Content-Type-Options").Single());
        var v1 = await SendAsync(gateway, "/api/v1/batches");
        Assert.Equal((400, 3, message), (v1.Status, v1.Json.GetProperty("code").GetInt32(), v1.Json.GetProperty("message").GetString()));
        var v2 = await SendAsync(gateway, "/api/v2/batch?get[a]=/x");
        Assert.Equal((400, message), (v2.Status, v2.Json.GetProperty("message").GetString()));

        using var channel = OpenAs(gateway, "evil.example.com");
        var rpc = await Assert.ThrowsAsync<RpcException>(async () =>
            await new BatchService.BatchServiceClient(channel).ListBatchesAsync(new ListBatchesRequest()));
        Assert.Equal((StatusCode.InvalidArgument, message), (rpc.StatusCode, rpc.Status.Detail));
        using var local = OpenAs(gateway, "localhost");
        Assert.Empty((await new BatchService.BatchServiceClient(local).ListBatchesAsync(new ListBatchesRequest())).Batches);
    }

    [Theory]
    [InlineData("api.example.com; *.example.net", "API.example.com:443", 200)]
    [InlineData("api.example.com;*.example.net", "a.b.example.net", 200)]
    [InlineData("api.example.com;*.example.net", "example.net", 400)]
    [InlineData("api.example.com;*.example.net", "localhost", 400)]
    [InlineData("bücher.example", "xn--bcher-kva.example", 200)]
    [InlineData("*", "evil.example.com", 200)]
    public async Task Call_WhereNamesAreConfigured_HasToNameOne(string allowed, string host, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, $"--AllowedHosts={allowed}");

        Assert.Equal(status, (int)(await GetAsync(gateway, "/api/v0/batch", host, "1.1")).StatusCode);
    }

    // Then only its operator knows its names.
    [Fact]
    public async Task Call_OfAGatewayForOtherMachines_MayNameAny()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, $"--urls=http://127.0.0.1:0;http://0.0.0.0:0");

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(gateway, "/api/v0/batch", "api.example.com", "1.1")).StatusCode);
    }

    [Theory]
    [InlineData("http://api.example.com")]
    [InlineData("api.example.com:443")]
    [InlineData("api.example.com/x")]
    [InlineData("*.*")]
    public async Task Start_NameThatIsNone_FailsWithAMessageThatNamesTheKey(string allowed)
    {
        await using var api = await TestApi.StartAsync();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Gateway.StartAsync(api, $"--AllowedHosts=localhost;{allowed}"));

        Assert.Contains("AllowedHosts must hold names of hosts", StartFailure.From(exception).Message, StringComparison.Ordinal);
        Assert.Contains($"not '{allowed}'", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> GetAsync(Gateway gateway, string path, string host, string version)
    {
        using var client = new HttpClient { BaseAddress = new Uri(gateway.Address) };
        using var message = new HttpRequestMessage(HttpMethod.Get, path)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers = { Host = host },
        };
        return await client.SendAsync(message);
    }

    private static Task<RestReply> SendAsync(Gateway gateway, string path) =>
        gateway.Rest.SendAsync(HttpMethod.Get, path, addHeaders: headers => headers.Host = "evil.example.com");

    // As a browser does whose resolver was told so.
    private static GrpcChannel OpenAs(Gateway gateway, string host)
    {
        var port = new Uri(gateway.Address).Port;
        return GrpcChannel.ForAddress($"http://{host}:{port}", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            DisposeHttpClient = true,
        });
    }
}
