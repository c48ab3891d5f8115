using Batching.SampleApi;
using Batching.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Batching.Page.Tests.Infrastructure;

/// <summary>A gateway in front of the sample API and some odd answers, and a browser.</summary>
public sealed class PageFixture : IAsyncLifetime
{
    // Nothing listens there.
    private const string DeadApi = "http://127.0.0.1:9";

    // In milliseconds, of everything that is waited for.
    private const float Deadline = 60_000;

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("batch-page-tests-");
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private WebApplication? _api;
    private WebApplication? _gateway;

    /// <summary>Where the gateway is.</summary>
    public string Address => _gateway!.Urls.First();

    /// <summary>How often the API was asked to fail once, and with what bodies.</summary>
    internal FailOnce FailOnce { get; } = new();

    /// <summary>Where screenshots go; empty: there are none.</summary>
    public static string Screenshots { get; } = Environment.GetEnvironmentVariable("BATCH_PAGE_SCREENSHOTS") ?? "";

    public async Task InitializeAsync()
    {
        if (Chromium.WhySkip is not null)
        {
            return;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _api = builder.Build();
        FailOnce.Map(_api);
        _api.Map("/odd/html", () => Results.Text(OddAnswers.Html, "text/html"));
        _api.Map("/odd/svg", () => Results.Text(OddAnswers.Svg, "image/svg+xml"));
        _api.Map("/odd/json", () => Results.Text(OddAnswers.Json, "application/json"));
        _api.Map("/odd/long", () => Results.Text(OddAnswers.LongArray, "application/json"));
        _api.MapSampleApi();
        await _api.StartAsync();

        _gateway = BatchServer.Build(
        [
            "--environment=Production",
            "--urls=http://127.0.0.1:0",
            $"--Batch:DataDirectory={Path.Combine(_data.FullName, "data")}",
            $"--Batch:Upstreams:0:BaseAddress={_api.Urls.Single()}",
            "--Batch:Upstreams:1:Prefix=/dead",
            $"--Batch:Upstreams:1:BaseAddress={DeadApi}",
            "--Batch:Limits:RequestsPerBatch=100000",
            "--Logging:LogLevel:Default=None",
        ]);
        await _gateway.StartAsync();

        Assertions.SetDefaultExpectTimeout(Deadline);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium.Program,

            // Exact memory, and no sandbox: the tests may run as root, and nothing but the page is opened.
            Args = ["--enable-precise-memory-info", "--no-sandbox"],
        });
    }

    /// <summary>Opens a window of its own.</summary>
    /// <param name="path">What is opened in it.</param>
    /// <param name="scheme">Dark or light.</param>
    public async Task<PageSession> OpenAsync(string path = "/", ColorScheme scheme = ColorScheme.Light)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = 1280, Height = 860 },
        });
        context.SetDefaultTimeout(Deadline);
        var session = new PageSession(context, await context.NewPageAsync(), Address);
        await session.Page.GotoAsync(Address + path);
        return session;
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        if (_api is not null)
        {
            await _api.DisposeAsync();
        }

        _data.Delete(recursive: true);
    }
}
