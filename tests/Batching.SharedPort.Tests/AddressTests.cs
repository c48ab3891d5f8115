using System.Net;
using System.Net.Sockets;
using Batching.SharedPort.Tests.Infrastructure;

namespace Batching.SharedPort.Tests;

public sealed class AddressTests
{
    [Fact]
    public async Task Urls_PortZero_TheBoundAddressReportedAndLoggedOnce()
    {
        await using var server = await TestServer.StartAsync();

        var url = Assert.Single(server.Urls);
        Assert.Equal(("http", "127.0.0.1"), (server.Address.Scheme, server.Address.Host));
        Assert.NotEqual(0, server.Address.Port);
        Assert.Equal($"Now listening on: {url}", Assert.Single(ListeningOn(server)));
    }

    [Fact]
    public async Task Urls_Several_EachServesBoth()
    {
        await using var server = await TestServer.StartAsync(
            settings: "--urls=http://127.0.0.1:0;http://127.0.0.2:0;http://*:0");

        Assert.Equal(3, server.Urls.Distinct().Count());
        Assert.Equal(server.Urls.Select(static url => $"Now listening on: {url}"), ListeningOn(server));
        foreach (var url in server.Urls)
        {
            await AssertServesBothAsync(new Uri(url.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)
                .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Urls_Localhost_BothLoopbacksServeBoth()
    {
        if (!HasIPv6Loopback())
        {
            return; // Kestrel warns then, and serves the other one.
        }

        var port = FreePort();
        await using var server = await TestServer.StartAsync(settings: $"--urls=http://localhost:{port}");

        Assert.Equal($"http://localhost:{port}", Assert.Single(server.Urls));
        await AssertServesBothAsync(new Uri($"http://127.0.0.1:{port}"));
        await AssertServesBothAsync(new Uri($"http://[::1]:{port}"));
    }

    [Fact]
    public async Task Urls_UnixSocket_ServesBoth()
    {
        var directory = Directory.CreateTempSubdirectory("shared-port-tests-");
        try
        {
            var path = Path.Combine(directory.FullName, "a.sock");
            await using var server = await TestServer.StartAsync(settings: $"--urls=http://unix:{path}");

            Assert.Equal($"http://unix:{path}", Assert.Single(server.Urls));
            foreach (var (version, protocol) in new[] { ("1.1", "HTTP/1.1"), ("2.0", "HTTP/2") })
            {
                using var handler = new SocketsHttpHandler
                {
                    ConnectCallback = async (_, cancellationToken) =>
                    {
                        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                        return new NetworkStream(socket, ownsSocket: true);
                    },
                };
                Assert.Equal(protocol, await Http.GetAsync(new Uri("http://localhost"), version, handler));
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Endpoints_InTheConfiguration_ServeBoth()
    {
        await using var server = await TestServer.StartAsync(
            settings: ["--urls=", "--Kestrel:Endpoints:A:Url=http://127.0.0.1:0"]);

        await AssertServesBothAsync(server.Address);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}")]
    [InlineData("http://localhost:{0}")]
    public async Task Start_PortTaken_FailsAndSaysWhy(string url)
    {
        await using var first = await TestServer.StartAsync();
        var taken = string.Format(null, url, first.Address.Port);

        var failure = await Assert.ThrowsAsync<IOException>(() => TestServer.StartAsync(settings: $"--urls={taken}"));

        Assert.Equal(
            $"Failed to bind to address http://127.0.0.1:{first.Address.Port}: address already in use.",
            failure.Message);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:0/path")]
    [InlineData("http://localhost:0")]
    public async Task Start_AddressThatCannotBe_Fails(string url) =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(settings: $"--urls={url}"));

    private static async Task AssertServesBothAsync(Uri address)
    {
        Assert.Equal("HTTP/1.1", await Http.GetAsync(address, "1.1"));
        Assert.Equal("HTTP/2", await Http.GetAsync(address, "2.0"));
    }

    private static IEnumerable<string> ListeningOn(TestServer server) => server.Logs.Entries
        .Where(static entry => entry.Category == "Microsoft.Hosting.Lifetime")
        .Select(static entry => entry.Message)
        .Where(static text => text.StartsWith("Now listening on", StringComparison.Ordinal));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool HasIPv6Loopback()
    {
        try
        {
            return FreePort() > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
