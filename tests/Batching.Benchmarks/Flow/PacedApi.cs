using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Flow;

/// <summary>An API that answers so many calls a second and no more, however many are waiting.</summary>
internal sealed class PacedApi : IAsyncDisposable
{
    private readonly byte[] _json;
    private readonly Lock _lock = new();
    private readonly WebApplication _app;
    private TimeSpan _interval;
    private TimeSpan _next;

    /// <param name="port">Where it listens.</param>
    /// <param name="json">Its answer to everything.</param>
    public PacedApi(int port, ReadOnlyMemory<byte> json)
    {
        _json = json.ToArray();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Task StartAsync() => _app.StartAsync();

    /// <summary>From now on an answer takes this long, one after the other.</summary>
    public void SetPace(TimeSpan interval)
    {
        lock (_lock)
        {
            _interval = interval;
            _next = TimeSpan.Zero;
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        TimeSpan due;
        var now = Stopwatch.GetElapsedTime(0);
        lock (_lock)
        {
            // A timer that fires late takes nothing from the calls behind it: they keep to their own times.
            _next = (_next > now ? _next : now) + _interval;
            due = _next;
        }

        if (due > now)
        {
            await Task.Delay(due - now, TimeProvider.System);
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = _json.Length;
        await context.Response.Body.WriteAsync(_json);
    }
}
