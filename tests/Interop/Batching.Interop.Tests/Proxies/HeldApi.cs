using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Batching.Interop.Tests.Proxies;

/// <summary>An API that answers <c>/held/NAME</c> when a test wants it, and not before.</summary>
internal sealed class HeldApi : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, HeldCall> _calls = new();
    private readonly WebApplication _app;

    private HeldApi()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/held/{name}", (string name, HttpContext context) => Call(name).AnswerAsync(context.RequestAborted));
    }

    public string Address => _app.Urls.Single();

    public static async Task<HeldApi> StartAsync()
    {
        var api = new HeldApi();
        await api._app.StartAsync();
        return api;
    }

    /// <summary>The call of this name, whether it has come or not.</summary>
    public HeldCall Call(string name) => _calls.GetOrAdd(name, static _ => new HeldCall());

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
