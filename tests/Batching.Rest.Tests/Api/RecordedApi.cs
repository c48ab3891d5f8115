using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Rest.Tests.Api;

/// <summary>The API behind the gateways. Whatever it answers depends on the request alone.</summary>
internal sealed class RecordedApi : IAsyncDisposable
{
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(300);

    private readonly WebApplication _app;

    private RecordedApi()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public string Address => _app.Urls.Single();

    public static async Task<RecordedApi> StartAsync()
    {
        var api = new RecordedApi();
        await api._app.StartAsync();
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        // Keyed batches show the header fields of answers, so the date has to be the same in all runs.
        context.Response.Headers.Date = "Thu, 01 Jan 2026 00:00:00 GMT";
        var path = context.Request.Path.Value ?? "";
        switch (path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            case ["echo", ..]:
                await EchoAnswer.WriteAsync(context);
                break;
            case ["pages", ..]:
                await PageAnswer.WriteAsync(context);
                break;
            case ["status", var status]:
                await StatusAnswer.WriteAsync(context, status);
                break;
            case ["slow"]:
                await Task.Delay(SlowAnswer, TimeProvider.System, context.RequestAborted);
                await FixedAnswer.WriteAsync(context, "/json/object");
                break;
            case ["hold"]:
                // Until whoever asked has lost patience.
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case ["close"]:
                context.Abort();
                break;
            default:
                await FixedAnswer.WriteAsync(context, path);
                break;
        }
    }
}
