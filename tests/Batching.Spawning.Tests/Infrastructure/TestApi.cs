using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Spawning.Tests.Infrastructure;

/// <summary>An API behind the gateway that does what each test tells it.</summary>
public sealed class TestApi : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, RequestDelegate> _handlers = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _calls = new();
    private readonly WebApplication _app;
    private int _names;

    private TestApi(WebApplication app)
    {
        _app = app;
        app.Run(HandleAsync);
    }

    public string Address => _app.Urls.Single();

    public static async Task<TestApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var api = new TestApi(builder.Build());
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Serves all paths below a new one, and returns that, without slashes at its ends.</summary>
    public string Serve(RequestDelegate handler) => ServeAt($"t{Interlocked.Increment(ref _names)}", handler);

    /// <summary>Serves all paths below this one.</summary>
    public string ServeAt(string path, RequestDelegate handler)
    {
        _calls[path] = new();
        _handlers[path] = handler;
        return path;
    }

    /// <summary>The targets that were asked for below a path, in order.</summary>
    public string[] Calls(string path) => [.. _calls[path]];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/')[1];
        if (!_handlers.TryGetValue(path, out var handler))
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        }

        _calls[path].Enqueue(context.Request.Path + context.Request.QueryString);
        return handler(context);
    }
}
