using System.Text;
using Batching.SharedPort.Tests.Infrastructure;
using Microsoft.AspNetCore.Hosting;

namespace Batching.SharedPort.Tests;

public sealed class TimeoutTests
{
    // Long enough for a client that is not scheduled at once.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r")]
    public async Task Connect_FirstBytesDoNotCome_ClosedAndLoggedForDebugging(string sent)
    {
        await using var server = await StartAsync(Short);
        using var connection = await server.ConnectAsync();
        await connection.SendAsync(Encoding.ASCII.GetBytes(sent));

        Assert.Empty(await connection.ReadToEndAsync());

        await Eventually.BeTrueAsync(
            () => server.Logs.Entries.Any(static entry => entry.Event == "EndedEarly"), "it is logged");
    }

    [Fact]
    public async Task Connect_RequestDoesNotEnd_KestrelSaysSo()
    {
        await using var server = await StartAsync(Short);
        using var connection = await server.ConnectAsync();
        await connection.SendAsync([.. "GET / HTTP/1.1\r\n"u8]);

        Assert.StartsWith(
            "HTTP/1.1 408", Encoding.ASCII.GetString(await connection.ReadToEndAsync()), StringComparison.Ordinal);
    }

    // Far more than the thread pool has threads: if they held one each, nobody else would be served for minutes.
    [Fact]
    public async Task Get_BesideManySilentConnections_Answered()
    {
        await using var server = await StartAsync(TimeSpan.FromHours(1));
        var silent = new List<RawConnection>();
        for (var i = 0; i < 500; i++)
        {
            silent.Add(await server.ConnectAsync());
        }

        Assert.Equal("HTTP/1.1", await Http.GetAsync(server.Address, "1.1"));
        Assert.Equal("HTTP/2", await Http.GetAsync(server.Address, "2.0"));
        silent.ForEach(static connection => connection.Dispose());
    }

    [Fact]
    public async Task Get_NoTimeout_Answered()
    {
        await using var server = await StartAsync(Timeout.InfiniteTimeSpan);

        Assert.Equal("HTTP/1.1", await Http.GetAsync(server.Address, "1.1"));
        Assert.Equal("HTTP/2", await Http.GetAsync(server.Address, "2.0"));
    }

    private static Task<TestServer> StartAsync(TimeSpan timeout) => TestServer.StartAsync(
        configure: host => host.ConfigureKestrel(kestrel => kestrel.Limits.RequestHeadersTimeout = timeout));
}
