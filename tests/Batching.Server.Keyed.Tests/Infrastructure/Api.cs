using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Batching.Server.Keyed.Tests.Infrastructure;

/// <summary>
/// The API behind the gateway. Paths below <c>/held/</c> don't answer before <see cref="Release"/>; <c>/bytes/N</c> is a
/// JSON string of N bytes; a path that was not mapped answers 404 with its own name.
/// </summary>
public sealed class Api : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedCall> _calls = new();
    private readonly Dictionary<string, RequestDelegate> _answers = [];
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;
    private int _running;
    private int _aborted;

    private Api()
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
        _app.Run(AnswerAsync);
    }

    public string Address => _app.Urls.Single();

    public IReadOnlyCollection<ReceivedCall> Calls => _calls;

    /// <summary>Calls that are held at the moment.</summary>
    public int Held => Volatile.Read(ref _running);

    /// <summary>The most calls that were held at the same time.</summary>
    public int MostHeld { get; private set; }

    /// <summary>Calls that the gateway has given up.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    public static async Task<Api> StartAsync()
    {
        var api = new Api();
        await api._app.StartAsync();
        return api;
    }

    public static Task AnswerAsync(HttpContext context, int status, string? contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    public Api Map(string path, int status, string? contentType, string body) =>
        Map(path, context => AnswerAsync(context, status, contentType, Encoding.UTF8.GetBytes(body)));

    public Api Map(string path, RequestDelegate answer)
    {
        _answers[path] = answer;
        return this;
    }

    /// <summary>Lets held calls answer, now and from now on.</summary>
    public void Release() => _released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var path = context.Request.Path.Value!;
        _calls.Enqueue(new ReceivedCall(
            context.Request.Method,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            context.Request.Headers.ToDictionary(
                field => field.Key, field => field.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync()));
        if (_answers.TryGetValue(path, out var answer))
        {
            await answer(context);
        }
        else if (path.StartsWith("/held/", StringComparison.Ordinal))
        {
            await HoldAsync(context);
        }
        else if (path.StartsWith("/bytes/", StringComparison.Ordinal))
        {
            var size = int.Parse(path["/bytes/".Length..], CultureInfo.InvariantCulture);
            await AnswerAsync(
                context, 200, "application/json", Encoding.ASCII.GetBytes('"' + new string('x', size - 2) + '"'));
        }
        else
        {
            await AnswerAsync(context, 404, "application/json", Encoding.UTF8.GetBytes($$"""{"nothing at":"{{path}}"}"""));
        }
    }

    private async Task HoldAsync(HttpContext context)
    {
        lock (_calls)
        {
            MostHeld = Math.Max(MostHeld, Interlocked.Increment(ref _running));
        }

        try
        {
            await _released.Task.WaitAsync(context.RequestAborted);
            await AnswerAsync(context, 200, "application/json", "1"u8.ToArray());
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _aborted);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
