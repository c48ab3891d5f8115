using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.PassThrough;

/// <summary>A collector of traces that throws away what it gets.</summary>
internal sealed class TraceSink : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TraceSink(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    public static async Task<TraceSink> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(static context => context.Request.Body.CopyToAsync(Stream.Null));
        await app.StartAsync();
        return new TraceSink(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
