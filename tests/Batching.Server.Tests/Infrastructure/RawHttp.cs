using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>Sends what no HTTP client would.</summary>
public static class RawHttp
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Sends these bytes on a connection of their own.</summary>
    /// <returns>Everything that comes until the server ends the connection.</returns>
    public static async Task<string> SendAsync(string address, string request)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var client = new TcpClient();
        await client.ConnectAsync(IPEndPoint.Parse(new Uri(address).Authority), deadline.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(deadline.Token);
    }
}
