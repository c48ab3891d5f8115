using System.Net;
using System.Text;
using Batching.SharedPort.Tests.Infrastructure;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Batching.SharedPort.Tests;

public sealed class ProtocolTests
{
    [Theory]
    [InlineData("1.1", "HTTP/1.1")]
    [InlineData("2.0", "HTTP/2")]
    public async Task Get_EitherVersion_AnsweredInThatVersion(string version, string protocol)
    {
        await using var server = await TestServer.StartAsync();

        Assert.Equal(protocol, await Http.GetAsync(server.Address, version));
    }

    [Fact]
    public async Task Connect_Http1KeepAlive_EveryRequestAnswered()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        for (var i = 0; i < 3; i++)
        {
            await connection.SendAsync(RawConnection.Http1Get("/"));
            Assert.EndsWith("HTTP/1.1", await connection.ReadHttp1Async(), StringComparison.Ordinal);
        }

        await connection.SendAsync([.. RawConnection.Http1Get("/"), .. RawConnection.Http1Get("/")]);
        Assert.EndsWith("HTTP/1.1", await connection.ReadHttp1Async(), StringComparison.Ordinal);
        Assert.EndsWith("HTTP/1.1", await connection.ReadHttp1Async(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_PrefaceAndRequestAtOnce_Http2()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync([.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);

        // The server's first frame (RFC 9113, section 3.4).
        Assert.Equal(Frame.Settings, (await connection.ReadFrameAsync()).Type);
        Assert.Equal("HTTP/2", await connection.ReadHttp2Async());
    }

    [Fact]
    public async Task Connect_PrefaceByteByByte_Http2()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        foreach (var next in RawConnection.Hello)
        {
            await connection.SendAsync(next);
            await Task.Yield();
        }

        Assert.Equal(Frame.Settings, (await connection.ReadFrameAsync()).Type);
        await connection.SendAsync(RawConnection.Http2Get("/"));
        Assert.Equal("HTTP/2", await connection.ReadHttp2Async());
    }

    // Both are bytes that may begin the preface, until they don't any more.
    [Theory]
    [InlineData("PRINT")]
    [InlineData("PRI")]
    public async Task Connect_MethodBeginsLikePreface_Http1(string method)
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync((byte)'P');
        await connection.SendAsync(Encoding.ASCII.GetBytes($"{method[1..]} / HTTP/1.1\r\nHost: a\r\n\r\n"));

        Assert.EndsWith("HTTP/1.1", await connection.ReadHttp1Async(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(23)]
    public async Task Connect_PrefaceCutAndClosed_ClosedWithoutHttp2(int length)
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync(RawConnection.Preface[..length]);
        connection.EndSending();

        var answer = await connection.ReadToEndAsync();
        Assert.True(
            answer.Length == 0
            || Encoding.ASCII.GetString(answer).StartsWith("HTTP/1.1 400", StringComparison.Ordinal)
            || IsHttp11Required(answer));
    }

    [Fact]
    public async Task Connect_NothingSentAndClosed_Closed()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        connection.EndSending();

        Assert.Empty(await connection.ReadToEndAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("PRI * HT")]
    public async Task Connect_Reset_Forgotten(string sent)
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();
        await connection.SendAsync(Encoding.ASCII.GetBytes(sent));
        await Eventually.BeTrueAsync(() => Has("ConnectionStart"), "the connection is there");

        connection.Reset();

        await Eventually.BeTrueAsync(() => Has("ConnectionStop"), "the connection is forgotten");

        bool Has(string name) => server.Logs.Entries.Any(entry => entry.Event == name);
    }

    [Fact]
    public async Task Connect_Garbage_BadRequest()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync([0, 255, 1, .. "garbage"u8, .. "\r\n\r\n"u8]);

        Assert.StartsWith(
            "HTTP/1.1 400", Encoding.ASCII.GetString(await connection.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_GarbageInsteadOfTheEndOfThePreface_Refused()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync([.. RawConnection.Preface[..18], .. "XX\r\n\r\n"u8]);

        Assert.True(IsHttp11Required(await connection.ReadToEndAsync()));
    }

    [Fact]
    public async Task Connect_GarbageBehindThePreface_GoAway()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();

        await connection.SendAsync([.. RawConnection.Preface, .. new byte[64]]);

        Assert.NotEqual(0, (await connection.ReadFrameAsync(Frame.GoAway)).Payload[7]); // An error code.
    }

    [Fact]
    public async Task Connect_ThousandOfBothKindsAtOnce_AllAnswered()
    {
        const int Count = 1_000;
        var arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(async context =>
        {
            // Nobody is answered before everybody is there.
            if (Interlocked.Increment(ref arrived) == Count)
            {
                all.SetResult();
            }

            await all.Task;
            await TestServer.WriteAsync(context, context.Request.Protocol);
        });

        var answers = await Task.WhenAll(Enumerable.Range(0, Count).Select(async i =>
        {
            using var connection = await server.ConnectAsync();
            if (i % 2 == 0)
            {
                await connection.SendAsync(RawConnection.Http1Get("/"));
                return (await connection.ReadHttp1Async()).Split("\r\n")[^1];
            }

            await connection.SendAsync([.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);
            return await connection.ReadHttp2Async();
        }));

        Assert.Equal(Count / 2, answers.Count(answer => answer == "HTTP/1.1"));
        Assert.Equal(Count / 2, answers.Count(answer => answer == "HTTP/2"));
    }

    // What whoever configures an endpoint says about protocols holds.
    [Fact]
    public async Task Connect_EndpointsOfOneProtocol_StayAsTheyAre()
    {
        await using var http1 = await StartAsync(HttpProtocols.Http1);
        await using var http2 = await StartAsync(HttpProtocols.Http2);

        using var connection = await http1.ConnectAsync();
        await connection.SendAsync(RawConnection.Hello);
        Assert.True(IsHttp11Required(await connection.ReadToEndAsync()));
        Assert.Equal("HTTP/1.1", await Http.GetAsync(http1.Address, "1.1"));
        Assert.Equal("HTTP/2", await Http.GetAsync(http2.Address, "2.0"));

        static Task<TestServer> StartAsync(HttpProtocols protocols) => TestServer.StartAsync(
            configure: host => host.ConfigureKestrel(
                kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols)),
            settings: "--urls=");
    }

    // A GOAWAY frame with the code HTTP_1_1_REQUIRED: what Kestrel says to HTTP/2 in an HTTP/1.1 connection.
    private static bool IsHttp11Required(byte[] answer) => answer is [_, _, _, Frame.GoAway, .., 0xd];
}
