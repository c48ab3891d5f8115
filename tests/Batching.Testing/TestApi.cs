using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.Testing;

/// <summary>The API behind the gateway: a real server that keeps every request and answers as it is told.</summary>
public sealed class TestApi : IAsyncDisposable
{
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly ConcurrentDictionary<string, Served> _served = new();
    private readonly WebApplication _app;
    private int _names;

    private TestApi(RequestDelegate answer, bool keeps)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        _app = builder.Build();
        _app.Run(async context =>
        {
            if (_served.TryGetValue(FirstSegment(context.Request.Path.Value!), out var served))
            {
                served.Targets.Enqueue(RawTarget(context.Request));
                await served.Answer(context);
                return;
            }

            var request = await RecordAsync(context.Request);
            if (keeps)
            {
                _requests.Enqueue(request);
            }

            await answer(context);
        });
    }

    public string Address => _app.Urls.Single();

    public Uri Url => new(Address);

    /// <summary>What has come in, in order, apart from what is served by <see cref="Serve"/>.</summary>
    public IReadOnlyCollection<RecordedRequest> Requests => _requests;

    /// <summary>Starts an API that answers like this; the answer can read the body, too.</summary>
    public static Task<TestApi> StartAsync(RequestDelegate answer) => StartAsync(answer, keeps: true);

    /// <summary>Starts an API that answers <c>{"path":"…"}</c>.</summary>
    public static Task<TestApi> StartAsync() =>
        StartAsync(context => JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}"""));

    /// <summary>Starts an API that has nothing yet: 404 for all that is not served by <see cref="Serve"/>.</summary>
    public static Task<TestApi> StartEmptyAsync() => StartAsync(context =>
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });

    /// <summary>Starts an API that answers every call with its own target as text.</summary>
    public static Task<TestApi> StartEchoAsync() => StartAsync(EchoAsync);

    /// <summary>Starts an API that keeps nothing of what comes in, and answers <c>{}</c>.</summary>
    public static Task<TestApi> StartForgetfulAsync() => StartUnrecordedAsync(context => JsonAsync(context, "{}"));

    /// <summary>Starts an API that keeps nothing of what comes in, and answers like this.</summary>
    public static Task<TestApi> StartUnrecordedAsync(RequestDelegate answer) => StartAsync(answer, keeps: false);

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

    /// <summary>Answers with the target of the call as text.</summary>
    public static Task EchoAsync(HttpContext context) => context.Response.WriteAsync(RawTarget(context.Request));

    /// <summary>
    /// Serves all paths below a new first segment, and returns that, without slashes at its ends. Of their requests only the
    /// targets are kept, see <see cref="Calls"/>.
    /// </summary>
    public string Serve(RequestDelegate answer) => ServeAt($"t{Interlocked.Increment(ref _names)}", answer);

    /// <summary>Serves all paths below this first segment.</summary>
    public string ServeAt(string segment, RequestDelegate answer)
    {
        _served[segment] = new Served(answer, new());
        return segment;
    }

    /// <summary>The targets that were asked for below a first segment, in order.</summary>
    public string[] Calls(string segment) => [.. _served[segment].Targets];

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task<TestApi> StartAsync(RequestDelegate answer, bool keeps)
    {
        var api = new TestApi(answer, keeps);
        await api._app.StartAsync();
        return api;
    }

    private static async Task<RecordedRequest> RecordAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var bytes = body.ToArray();
        request.Body = new MemoryStream(bytes, writable: false);
        return new RecordedRequest(
            request.Method,
            RawTarget(request),
            request.Headers.ToDictionary(
                field => field.Key, field => field.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            bytes);
    }

    private static string RawTarget(HttpRequest request) =>
        request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static string FirstSegment(string path) => path.Split('/', 3) is [_, var first, ..] ? first : "";

    private sealed record Served(RequestDelegate Answer, ConcurrentQueue<string> Targets);
}
