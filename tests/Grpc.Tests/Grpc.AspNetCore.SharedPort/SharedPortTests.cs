using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.Tests.SharedPort;

public sealed class SharedPortTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Get_EitherProtocolOnOnePort_Answered(string version)
    {
        await using var app = await StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(app))
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using var response = await http.SendAsync(request);

        Assert.Equal($"HTTP/{(version == "2.0" ? "2" : version)}", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Urls_PortZero_BoundAddressReportedOnce()
    {
        await using var app = await StartAsync();

        var address = new Uri(Assert.Single(app.Urls));
        Assert.Equal("http", address.Scheme);
        Assert.Equal("127.0.0.1", address.Host);
        Assert.NotEqual(0, address.Port);
    }

    [Fact]
    public async Task Connect_PrefaceByteByByte_Http2()
    {
        await using var app = await StartAsync();
        using var client = await ConnectAsync(app);
        client.NoDelay = true;
        var stream = client.GetStream();
        foreach (var b in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray())
        {
            await stream.WriteAsync(new[] { b });
            await stream.FlushAsync();
        }

        await stream.WriteAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 });
        var header = new byte[9];
        await stream.ReadExactlyAsync(header);

        Assert.Equal(4, header[3]); // SETTINGS, the server's first frame (RFC 9113, section 3.4)
    }

    [Fact]
    public async Task Connect_MethodBeginsLikePreface_Http1()
    {
        await using var app = await StartAsync();
        using var client = await ConnectAsync(app);
        var stream = client.GetStream();
        await stream.WriteAsync("P"u8.ToArray());
        await stream.FlushAsync();
        await stream.WriteAsync("RINT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray());

        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 200", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_NothingSent_ClosedAfterHeaderTimeout()
    {
        await using var app = await StartAsync(TimeSpan.FromMilliseconds(200));
        using var client = await ConnectAsync(app);

        Assert.Equal(0, await ReadToEndAsync(client));
    }

    [Fact]
    public async Task Stop_IdleConnections_ClosedAndStopped()
    {
        await using var app = await StartAsync();
        using var client = await ConnectAsync(app);

        await app.StopAsync().WaitAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(0, await ReadToEndAsync(client));
    }

    [Fact]
    public async Task Start_PortTaken_FailsWithIOException()
    {
        await using var first = await StartAsync();

        await Assert.ThrowsAsync<IOException>(() => StartAsync(urls: Address(first).ToString()));
    }

    private static async Task<int> ReadToEndAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (IOException)
        {
            return 0; // A reset closes as well.
        }
    }

    private static async Task<WebApplication> StartAsync(TimeSpan? headerTimeout = null, string urls = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", urls]);
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Limits.RequestHeadersTimeout = headerTimeout ?? TimeSpan.FromSeconds(30));
        builder.WebHost.UseHttp1AndHttp2OnSharedPort();
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(context.Request.Protocol));
        await app.StartAsync();
        return app;
    }

    private static Uri Address(WebApplication app) => new(app.Urls.Single());

    private static async Task<TcpClient> ConnectAsync(WebApplication app)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Address(app).Port);
        return client;
    }
}
