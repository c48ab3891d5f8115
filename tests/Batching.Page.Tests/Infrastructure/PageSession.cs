using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Batching.Page.Tests.Infrastructure;

/// <summary>
/// A window with nothing in it but the page. When it is closed, the page must have run without an error, without a breach of its
/// policy, and without a request to anybody else, and it must have stored nothing.
/// </summary>
public sealed class PageSession : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _problems = new();

    internal PageSession(IBrowserContext context, IPage page, string address)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => _problems.Enqueue($"error: {error}");
        page.Console += (_, message) =>
        {
            // The browser says of each refused call that it was refused; the page shows it.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _problems.Enqueue($"{message.Type}: {message.Text}");
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(address, StringComparison.Ordinal)
                && !request.Url.StartsWith("blob:", StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                _problems.Enqueue($"a request to {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>The results that are in the document.</summary>
    public ILocator Rows => Page.GetByRole(AriaRole.Listbox, new() { Name = "Results" }).GetByRole(AriaRole.Option);

    /// <summary>Pastes requests, submits them, and waits until each has a result.</summary>
    /// <returns>The id of the batch.</returns>
    public async Task<string> SubmitAsync(string json, bool waitUntilDone = true)
    {
        await Page.GetByRole(AriaRole.Link, new() { Name = "Submit", Exact = true }).ClickAsync();
        await Page.GetByLabel("Requests", new() { Exact = true }).FillAsync(json);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await WaitForAnotherBatchAsync("");
        if (waitUntilDone)
        {
            await WaitUntilDoneAsync();
        }

        return Page.Url[^16..];
    }

    /// <summary>Waits until a batch is shown that is not this one.</summary>
    public Task WaitForAnotherBatchAsync(string id) => Assertions.Expect(Page).ToHaveURLAsync(
        new Regex($"#/batch/{(id.Length > 0 ? $"(?!{id})" : "")}[0-9]{{16}}$"));

    /// <summary>Waits until the batch that is shown is done and all its results are listed.</summary>
    public async Task WaitUntilDoneAsync()
    {
        await Assertions.Expect(Page.Locator(".state")).ToContainTextAsync("done:");
        await Page.WaitForFunctionAsync(
            """
            () => {
              const [, of] = document.querySelector('.state').textContent.match(/of ([\d,]+) finished/) ?? [];
              return of && document.querySelector('.filters .note').textContent.includes(`of ${of} results`);
            }
            """);
    }

    /// <summary>Opens the response of a path.</summary>
    public async Task OpenResponseAsync(string path)
    {
        await Rows.Filter(new() { HasText = path }).ClickAsync();
        await Assertions.Expect(Page.Locator("#detail-title")).ToContainTextAsync(path);
        await Assertions.Expect(Page.GetByRole(AriaRole.Heading, new() { Name = "Header fields" })).ToBeVisibleAsync();
    }

    /// <summary>Wants what is shown to be usable by everybody, as far as a program can tell, and keeps a picture of it.</summary>
    /// <param name="name">What the picture is called.</param>
    public async Task CheckAsync(string name)
    {
        await KeepPictureAsync(name);
        var result = await Page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            string.Join('\n', result.Violations.Select(violation =>
                $"{name}: {violation.Id}: {violation.Help}: {string.Join("; ", violation.Nodes.Select(node => node.Html))}")));
    }

    /// <summary>Keeps a picture of what is shown, if <c>BATCH_PAGE_SCREENSHOTS</c> names a folder.</summary>
    public async Task KeepPictureAsync(string name)
    {
        if (PageFixture.Screenshots.Length > 0)
        {
            await Page.ScreenshotAsync(new() { Path = Path.Combine(PageFixture.Screenshots, $"{name}.png") });
        }
    }

    public async ValueTask DisposeAsync()
    {
        var stored = await Page.EvaluateAsync<int>("() => localStorage.length + sessionStorage.length + document.cookie.length");
        await _context.DisposeAsync();
        Assert.Equal(0, stored);
        Assert.Empty(_problems);
    }
}
