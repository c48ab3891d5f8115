using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Pages;

/// <summary>An API whose every path is a collection of so many pages of 100 items and 100 KiB; the cursor stands at the end of each.</summary>
internal sealed class PagedApi : IAsyncDisposable
{
    private const int ItemsPerPage = 100;

    // Takes the same place whatever its number is.
    private const string CursorFormat = "00000000";

    private readonly int _pages;
    private readonly byte[] _page;
    private readonly byte[] _lastPage;
    private readonly WebApplication _app;

    /// <param name="port">Where it listens.</param>
    /// <param name="pages">Pages of each collection.</param>
    public PagedApi(int port, int pages)
    {
        _pages = pages;
        var items = string.Join(',', Enumerable.Range(0, ItemsPerPage).Select(i =>
            $$"""{"id": {{i}}, "name": "item {{i}}", "tags": ["a", "b"], "text": "{{new string('x', 960)}}"}"""));
        _page = Encoding.UTF8.GetBytes($$"""{"items": [{{items}}], "cursor": "{{CursorFormat}}"}""");
        _lastPage = Encoding.UTF8.GetBytes($$"""{"items": [{{items}}], "cursor": null}""");
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
        var next = 1 + (context.Request.Query["cursor"] is [{ Length: > 0 } cursor]
            ? int.Parse(cursor, CultureInfo.InvariantCulture)
            : 0);
        var page = next < _pages ? (byte[])_page.Clone() : _lastPage;
        if (next < _pages)
        {
            Encoding.ASCII.GetBytes(
                next.ToString(CursorFormat, CultureInfo.InvariantCulture), page.AsSpan(page.Length - CursorFormat.Length - 2));
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page);
    }
}
