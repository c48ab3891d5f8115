using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.Interop.Tests.Examples;

/// <summary>Stands in front of a gateway and cuts the first stream of results in the middle of its second line.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private static readonly TimeSpan ClientDeadline = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _streams = new();
    private readonly HttpClient _gateway;
    private readonly WebApplication _app;

    private CuttingProxy(string gateway)
    {
        _gateway = new HttpClient { BaseAddress = new Uri($"http://{gateway}"), Timeout = Timeout.InfiniteTimeSpan };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");

        // What was flushed is with the system then, and comes before the end of the connection.
        builder.WebHost.UseSockets(sockets => sockets.MaxWriteBufferSize = 1);
        _app = builder.Build();
        _app.Run(PassOnAsync);
    }

    public string Address => _app.Urls.Single();

    /// <summary>The queries of the streams, in order.</summary>
    public IReadOnlyCollection<string> Streams => _streams;

    public static async Task<CuttingProxy> StartAsync(string gateway)
    {
        var proxy = new CuttingProxy(gateway);
        await proxy._app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _gateway.Dispose();
    }

    private async Task PassOnAsync(HttpContext context)
    {
        using var message = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), $"{context.Request.Path}{context.Request.QueryString}");
        if (HttpMethods.IsPost(context.Request.Method))
        {
            message.Content = new StreamContent(context.Request.Body);
        }

        using var response = await _gateway.SendAsync(
            message, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        if (context.Request.Path.Value!.EndsWith("/results", StringComparison.Ordinal))
        {
            _streams.Enqueue(context.Request.QueryString.Value!);
            if (_streams.Count == 1)
            {
                await CutAsync(context, body);
                return;
            }
        }

        await body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task CutAsync(HttpContext context, Stream body)
    {
        using var lines = new StreamReader(body);
        var first = await lines.ReadLineAsync(context.RequestAborted);
        await context.Response.WriteAsync($"{first}\n{{\"position\": 2, \"Req", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);

        // The client reads all of that, finds that the rest is missing, and closes the connection.
        context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.Shutdown(SocketShutdown.Send);
        await Task.Delay(ClientDeadline, TimeProvider.System, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Abort();
    }
}
