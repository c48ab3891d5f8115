using System.Net.Sockets;
using System.Text;
using Batching.SharedPort.Tests.Infrastructure;

namespace Batching.SharedPort.Tests;

public sealed class StopTests
{
    // Well below what a server has to stop, half a minute.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData("")]
    [InlineData("PRI * HT")]
    public async Task Stop_FirstBytesNotThere_ClosedAtOnce(string sent)
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();
        await connection.SendAsync(Encoding.ASCII.GetBytes(sent));
        await Eventually.BeTrueAsync(
            () => server.Logs.Entries.Any(static entry => entry.Event == "ConnectionStart"), "the connection is there");

        await server.StopAsync().WaitAsync(Soon);

        Assert.Empty(await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task Stop_IdleConnections_ClosedAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        using var http1 = await server.ConnectAsync();
        await http1.SendAsync(RawConnection.Http1Get("/"));
        await http1.ReadHttp1Async();
        using var http2 = await server.ConnectAsync();
        await http2.SendAsync([.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);
        await http2.ReadHttp2Async();

        await server.StopAsync().WaitAsync(Soon);

        Assert.Empty(await http1.ReadToEndAsync());
        Assert.Equal(0, (await http2.ReadFrameAsync(Frame.GoAway)).Payload[7]); // NO_ERROR
    }

    [Fact]
    public async Task Stop_RunningHttp2Request_GoAwayAndFinished()
    {
        var (server, started, finish) = await StartWaitingAsync();
        await using var _ = server;
        var connection = await server.ConnectAsync();
        await connection.SendAsync([.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);
        await started.WithDeadlineAsync();

        var stopping = server.StopAsync();

        Assert.Equal(0, (await connection.ReadFrameAsync(Frame.GoAway)).Payload[7]); // NO_ERROR
        Assert.False(stopping.IsCompleted);
        finish.SetResult();
        Assert.Equal("finished", await connection.ReadHttp2Async());

        // Upon GOAWAY it is the client that closes (RFC 9113, section 6.8).
        connection.Dispose();
        await stopping.WaitAsync(Soon);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Stop_RunningRequest_FinishedAndStopped(string version)
    {
        var (server, started, finish) = await StartWaitingAsync();
        await using var _ = server;
        using var handler = new SocketsHttpHandler();
        var answer = Http.GetAsync(server.Address, version, handler);
        await started.WithDeadlineAsync();

        var stopping = server.StopAsync();

        Assert.False(stopping.IsCompleted);
        finish.SetResult();
        Assert.Equal("finished", await answer);
        await stopping.WaitAsync(Soon);
    }

    [Fact]
    public async Task Stop_Stopped_NoConnectionTaken()
    {
        await using var server = await TestServer.StartAsync();

        await server.StopAsync();

        await Assert.ThrowsAsync<SocketException>(server.ConnectAsync);
    }

    private static async Task<(TestServer Server, Task Started, TaskCompletionSource Finish)> StartWaitingAsync()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = await TestServer.StartAsync(async context =>
        {
            started.SetResult();
            await finish.Task;
            await TestServer.WriteAsync(context, "finished");
        });
        return (server, started.Task, finish);
    }
}
