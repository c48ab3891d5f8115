using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>The API behind the gateway: a real server that keeps every request and answers as it is told.</summary>
public sealed class TestApi : IAsyncDisposable
{
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly WebApplication _app;

    private TestApi(RequestDelegate answer, bool keeps)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        _app = builder.Build();
        _app.Run(async context =>
        {
            var request = await RecordAsync(context.Request);
            if (keeps)
            {
                _requests.Enqueue(request);
            }

            await answer(context);
        });
    }

    public string Address => _app.Urls.Single();

    /// <summary>What has come in, in order.</summary>
    public IReadOnlyCollection<RecordedRequest> Requests => _requests;

    /// <summary>Starts an API that answers like this.</summary>
    public static async Task<TestApi> StartAsync(RequestDelegate answer)
    {
        var api = new TestApi(answer, keeps: true);
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Starts an API that answers <c>{"path":"…"}</c>.</summary>
    public static Task<TestApi> StartAsync() =>
        StartAsync(context => JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}"""));

    /// <summary>Starts an API that keeps nothing of what comes in, and answers <c>{}</c>.</summary>
    public static async Task<TestApi> StartForgetfulAsync()
    {
        var api = new TestApi(context => JsonAsync(context, "{}"), keeps: false);
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Starts an API that keeps nothing of what comes in, and answers like this.</summary>
    public static async Task<TestApi> StartUnrecordedAsync(RequestDelegate answer)
    {
        var api = new TestApi(answer, keeps: false);
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Answers JSON.</summary>
    public static Task JsonAsync(HttpContext context, string json) =>
        BytesAsync(context, "application/json", Encoding.UTF8.GetBytes(json));

    /// <summary>Answers bytes.</summary>
    public static Task BytesAsync(HttpContext context, string? contentType, byte[] bytes)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes).AsTask();
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task<RecordedRequest> RecordAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return new RecordedRequest(
            request.Method,
            request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            request.Headers.ToDictionary(
                field => field.Key, field => field.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray());
    }
}
