using System.Net;
using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Connections;

/// <summary>Connections have a bound for all, and one for each address that they come from.</summary>
public sealed class AddressConnectionsTests
{
    // All of the network 127.0.0.0/8 is this machine, on Linux.
    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task Connect_MoreThanOneAddressMay_AreClosedAndOthersAreServed()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ConnectionsPerAddress=3");
        var connections = new List<Socket>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                connections.Add(await ConnectAsync(gateway, IPAddress.Loopback));
                Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, connections[^1]), StringComparison.Ordinal);
            }

            for (var i = 0; i < 10; i++)
            {
                Assert.Equal("", await TryCallAsync(gateway, connections));
            }

            if (OperatingSystem.IsLinux())
            {
                using var other = await ConnectAsync(gateway, Other);
                Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, other), StringComparison.Ordinal);
            }

            // Those who are in stay, and a place that is given back is another's.
            Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, connections[0]), StringComparison.Ordinal);
            connections[0].Dispose();
            await Eventually.BeTrueAsync(
                async () => (await TryCallAsync(gateway, connections)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal),
                "there is a place again");
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task Connect_FromATrustedProxy_IsNotCounted()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Limits:ConnectionsPerAddress=1", "--Batch:TrustedProxies:0=127.0.0.1");
        var connections = new List<Socket>();
        for (var i = 0; i < 5; i++)
        {
            connections.Add(await ConnectAsync(gateway, IPAddress.Loopback));
            Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, connections[^1]), StringComparison.Ordinal);
        }

        connections.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task Connect_MoreThanThereMayBe_AreClosedButForTheOperators()
    {
        await using var api = await TestApi.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var operations = $"http://{listener.LocalEndpoint}";
        listener.Stop();
        await using var gateway = await Gateway.StartAsync(
            api, "--Batch:Limits:Connections=2", $"--Batch:Operations:Url={operations}");
        using var first = await ConnectAsync(gateway, IPAddress.Loopback);
        using var second = await ConnectAsync(gateway, IPAddress.Loopback);
        Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, first), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await CallAsync(gateway, second), StringComparison.Ordinal);

        var others = new List<Socket>();
        Assert.Equal("", await TryCallAsync(gateway, others));
        others.ForEach(other => other.Dispose());
        using var health = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await health.GetAsync($"{operations}/healthz")).StatusCode);
    }

    private static async Task<Socket> ConnectAsync(Gateway gateway, IPAddress from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(gateway.Address).Port);
        return socket;
    }

    // What comes back on a new connection; nothing if it is closed.
    private static async Task<string> TryCallAsync(Gateway gateway, List<Socket> connections)
    {
        try
        {
            var socket = await ConnectAsync(gateway, IPAddress.Loopback);
            connections.Add(socket);
            return await CallAsync(gateway, socket);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> CallAsync(Gateway gateway, Socket socket)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /api/v0/batch HTTP/1.1\r\nHost: {new Uri(gateway.Address).Authority}\r\n\r\n"));
        var buffer = new byte[4096];
        var read = await socket.ReceiveAsync(buffer).WithDeadlineAsync("the gateway answers or closes");
        return Encoding.ASCII.GetString(buffer, 0, read);
    }
}
