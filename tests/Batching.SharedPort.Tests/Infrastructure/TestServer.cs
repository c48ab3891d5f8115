using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.SharedPort.Tests.Infrastructure;

/// <summary>A server with the shared port. It must not have logged any error when it is disposed.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app, LogRecorder logs)
    {
        _app = app;
        Logs = logs;
    }

    public LogRecorder Logs { get; }

    public IReadOnlyList<string> Urls => [.. _app.Urls];

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Starts a server on a port of its own choice.</summary>
    /// <param name="answer">Answers every request. Otherwise it is the protocol.</param>
    /// <param name="configure">Changes it.</param>
    /// <param name="settings">Further settings, as on a command line; the last one counts.</param>
    public static async Task<TestServer> StartAsync(
        RequestDelegate? answer = null, Action<IWebHostBuilder>? configure = null, params string[] settings)
    {
        var builder = WebApplication.CreateBuilder(
            ["--hostBuilder:reloadConfigOnChange=false", "--urls=http://127.0.0.1:0", .. settings]);
        var logs = new LogRecorder();
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder.WebHost.UseHttp1AndHttp2OnSharedPort();
        configure?.Invoke(builder.WebHost);
        var app = builder.Build();
        app.Run(answer ?? (static context => WriteAsync(context, context.Request.Protocol)));
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new TestServer(app, logs);
    }

    /// <summary>Answers a text, and says how long it is.</summary>
    public static Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentLength = text.Length;
        return context.Response.WriteAsync(text);
    }

    public Task<RawConnection> ConnectAsync() => RawConnection.ConnectAsync(IPEndPoint.Parse(Address.Authority));

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        // Who still has a connection open must not hold up the end of a test.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        Assert.DoesNotContain(Logs.Entries, static entry => entry.Level >= LogLevel.Error);
    }
}
