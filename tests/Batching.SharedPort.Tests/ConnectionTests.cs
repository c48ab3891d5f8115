using System.Net;
using Batching.SharedPort.Tests.Infrastructure;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Batching.SharedPort.Tests;

/// <summary>What a request can ask its connection.</summary>
public sealed partial class ConnectionTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Request_EitherVersion_KnowsItsConnection(string version)
    {
        var port = 0;
        await using var server = await TestServer.StartAsync(context =>
        {
            var socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
            var info = context.Connection;
            Assert.Equal(socket.RemoteEndPoint, new IPEndPoint(info.RemoteIpAddress!, info.RemotePort));
            Assert.Equal(socket.LocalEndPoint, new IPEndPoint(info.LocalIpAddress!, info.LocalPort));
            Assert.Equal(port, info.LocalPort);
            Assert.NotNull(context.Features.Get<IConnectionHeartbeatFeature>());
            Assert.NotNull(context.Features.Get<IConnectionLifetimeNotificationFeature>());
            return TestServer.WriteAsync(context, "known");
        });
        port = server.Address.Port;

        Assert.Equal("known", await Http.GetAsync(server.Address, version));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Request_EitherVersion_HasNoTls(string version)
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            Assert.Null(context.Features.Get<ITlsConnectionFeature>());
            Assert.Null(context.Features.Get<ITlsApplicationProtocolFeature>());
            Assert.Null(context.Features.Get<ITlsHandshakeFeature>());
            Assert.Null(await context.Connection.GetClientCertificateAsync());
            await TestServer.WriteAsync(context, $"{context.Request.Scheme} {context.Request.IsHttps}");
        });

        Assert.Equal("http False", await Http.GetAsync(server.Address, version));
    }

    [Fact]
    public async Task Request_Http2ThatSaysHttps_Refused()
    {
        await using var server = await TestServer.StartAsync();
        using var connection = await server.ConnectAsync();
        var request = RawConnection.Http2Get("/");
        Assert.Equal(0x86, request[10]); // :scheme http
        request[10] = 0x87; // :scheme https

        await connection.SendAsync([.. RawConnection.Hello, .. request]);

        Assert.Equal(1, (await connection.ReadFrameAsync(type: 3)).Stream); // RST_STREAM
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Log_OneRequest_OneConnectionOfOneName(string version)
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            LogHere(context.RequestServices.GetRequiredService<ILogger<ConnectionTests>>());
            return TestServer.WriteAsync(context, context.Connection.Id);
        });

        var id = await Http.GetAsync(server.Address, version);

        await Eventually.BeTrueAsync(() => Entries("ConnectionStop").Any(), "the connection has ended");
        Assert.Contains(id, Assert.Single(Entries("ConnectionStart")).Message, StringComparison.Ordinal);
        Assert.Contains(id, Assert.Single(Entries("ConnectionStop")).Message, StringComparison.Ordinal);
        Assert.Single(
            server.Logs.Entries.Single(static entry => entry.Message == "Here").Scopes,
            scope => scope.Contains($"ConnectionId:{id}", StringComparison.Ordinal));

        IEnumerable<LogEntry> Entries(string name) => server.Logs.Entries.Where(entry => entry.Event == name);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Abort_ByClient_RequestAborted(string version)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await TestServer.StartAsync(context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            started.SetResult();
            return aborted.Task;
        });
        using var connection = await server.ConnectAsync();
        await connection.SendAsync(
            version == "1.1" ? RawConnection.Http1Get("/") : [.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);
        await started.Task.WithDeadlineAsync();

        connection.Reset();

        await aborted.Task.WithDeadlineAsync();
    }

    [Fact]
    public async Task Connect_MoreThanAllowed_RefusedUntilOneEnds()
    {
        await using var server = await TestServer.StartAsync(configure: static host => host.ConfigureKestrel(
            static kestrel => kestrel.Limits.MaxConcurrentConnections = 1));
        var first = await server.ConnectAsync();
        await first.SendAsync([.. RawConnection.Hello, .. RawConnection.Http2Get("/")]);
        Assert.Equal("HTTP/2", await first.ReadHttp2Async());

        using (var second = await server.ConnectAsync())
        {
            Assert.Empty(await second.ReadToEndAsync());
        }

        first.Reset();
        await Eventually.BeTrueAsync(
            () => server.Logs.Entries.Count(static entry => entry.Event == "ConnectionStop") == 2, "both have ended");
        Assert.Equal("HTTP/2", await Http.GetAsync(server.Address, "2.0"));
    }

    [LoggerMessage(1, LogLevel.Information, "Here")]
    private static partial void LogHere(ILogger logger);
}
