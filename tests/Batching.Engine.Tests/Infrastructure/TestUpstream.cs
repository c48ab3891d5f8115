using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>An API on a port of its own that records what it receives.</summary>
internal sealed class TestUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestUpstream(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(options => options.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            Received.Enqueue(new ReceivedCall(
                context.Request.Method,
                context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                context.Request.Headers.ToDictionary(
                    field => field.Key, field => field.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body.ToArray()));
            await answer(context);
        });
    }

    public ConcurrentQueue<ReceivedCall> Received { get; } = new();

    public Uri Address { get; private set; } = null!;

    public static async Task<TestUpstream> StartAsync(Func<HttpContext, Task> answer)
    {
        var upstream = new TestUpstream(answer);
        await upstream._app.StartAsync();
        upstream.Address = new Uri(upstream._app.Urls.Single());
        return upstream;
    }

    /// <summary>Answers every call with its own target as text.</summary>
    public static Task<TestUpstream> StartEchoAsync() => StartAsync(EchoAsync);

    public static Task EchoAsync(HttpContext context) => context.Response.WriteAsync(
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
