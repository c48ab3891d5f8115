using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Delivery;

/// <summary>Clients break their connections in the middle of a reply.</summary>
public sealed class CutReplyTests
{
    // More than the buffers of two sockets take, so that the server can't have written all of it.
    private const int Size = 8_000_000;
    private const int Cuts = 20;

    [Fact]
    public async Task Fetch_ConnectionBreaksInTheMiddle_ResultComesAgain()
    {
        await using var api = await TestApi.StartAsync(context =>
            TestApi.BytesAsync(context, "application/octet-stream", new byte[Size]));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        for (var cut = 0; cut < Cuts; cut++)
        {
            // Each waits until what the one before it has begun has ended: the batch is done.
            await FetchAndCutAsync(new Uri(gateway.Address), batch.Path);
        }

        var request = Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
        Assert.Equal(Size, request.GetProperty("responseSize").GetInt32());
        Assert.Empty((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);
    }

    private static async Task FetchAndCutAsync(Uri address, string path)
    {
        using var client = new TcpClient { LingerState = new LingerOption(true, 0) };
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n\r\n"));

        var head = new byte[15];
        await stream.ReadExactlyAsync(head);
        Assert.Equal("HTTP/1.1 200 OK", Encoding.ASCII.GetString(head));
    }
}
