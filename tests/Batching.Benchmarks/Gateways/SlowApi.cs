using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Gateways;

/// <summary>An API that answers each call after the same time, however many there are.</summary>
internal sealed class SlowApi : IAsyncDisposable
{
    private readonly byte[] _json;
    private readonly TimeSpan _delay;
    private readonly WebApplication _app;

    /// <param name="port">Where it listens.</param>
    /// <param name="json">Its answer to everything.</param>
    /// <param name="delay">How long it takes.</param>
    public SlowApi(int port, ReadOnlyMemory<byte> json, TimeSpan delay)
    {
        _json = json.ToArray();
        _delay = delay;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Task StartAsync() => _app.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        await Task.Delay(_delay, TimeProvider.System);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = _json.Length;
        await context.Response.Body.WriteAsync(_json);
    }
}
