using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Page.Tests.Infrastructure;
using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Batching.Page.Tests;

/// <summary>A batch of very many requests in the page. <c>BATCH_PAGE_REQUESTS</c> says how many, for a run by hand.</summary>
public sealed class LargeBatchTests(PageFixture fixture, ITestOutputHelper output) : IClassFixture<PageFixture>
{
    private const int Failing = 100;

    private static readonly int Requests = Number("BATCH_PAGE_REQUESTS", 5_000);

    // Set: also watches for so long, and has bounds for time and memory, which only a machine with nothing else to do holds.
    private static readonly int Seconds = Number("BATCH_PAGE_SECONDS", 0);

    [ChromiumFact]
    public async Task Batch_OfManyRequests_IsListedInAWindow()
    {
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Address), Timeout = TimeSpan.FromMinutes(5) };
        using var content = new StringContent(Write());
        using var reply = await http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content);
        reply.EnsureSuccessStatusCode();
        using var batch = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
        var id = batch.RootElement.GetProperty("Batch").GetProperty("id").GetString();

        await using var session = await fixture.OpenAsync("/#/submit");
        var page = session.Page;
        await page.EvaluateAsync(
            """
            () => {
              globalThis.longTasks = [];
              globalThis.collections = [];
              new PerformanceObserver(list => globalThis.longTasks.push(
                ...list.getEntries().map(entry => ({ begin: entry.startTime, end: entry.startTime + entry.duration }))))
                .observe({ type: 'longtask', buffered: true });
              globalThis.longScripts = [];
              new PerformanceObserver(list => list.getEntries().forEach(frame => globalThis.longScripts.push(
                ...frame.scripts.map(script => `${script.sourceFunctionName || script.invoker} ${Math.round(script.duration)} ms`))))
                .observe({ type: 'long-animation-frame', buffered: true });
            }
            """);
        var began = TimeProvider.System.GetTimestamp();
        await page.EvaluateAsync($"() => {{ location.hash = '#/batch/{id}'; }}");
        var wanted = Requests.ToString("N0", CultureInfo.InvariantCulture);
        await Assertions.Expect(page.Locator(".filters .note")).ToHaveTextAsync($"{wanted} of {wanted} results", new() { Timeout = 300_000 });
        output.WriteLine($"{wanted} results listed after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s");

        Assert.InRange(await page.Locator(".row").CountAsync(), 1, 60);
        var list = page.GetByRole(AriaRole.Listbox, new() { Name = "Results" });
        await list.FocusAsync();
        await list.PressAsync("End");
        await Assertions.Expect(page.Locator($"#row-{Requests - 1}")).ToBeVisibleAsync();
        Assert.InRange(await page.Locator(".row").CountAsync(), 1, 60);

        await page.GetByLabel("Status").SelectOptionAsync("4xx");
        await Assertions.Expect(page.Locator(".filters .note")).ToHaveTextAsync($"{Failing} of {wanted} results");
        await page.GetByLabel("Status").SelectOptionAsync("All");
        await page.GetByLabel("Path contains").FillAsync("items/1234");
        await Assertions.Expect(page.Locator(".filters .note")).Not.ToHaveTextAsync($"{wanted} of {wanted} results");
        await page.GetByLabel("Path contains").FillAsync("");
        if (Seconds > 0)
        {
            await WatchAsync(page, list);
        }
    }

    // Scrolls, filters and opens responses all the time.
    private async Task WatchAsync(IPage page, ILocator list)
    {
        var heaps = new List<double>();
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; TimeProvider.System.GetElapsedTime(began).TotalSeconds < Seconds; i++)
        {
            await list.EvaluateAsync($"list => list.scrollTop = {i * 7919 % Requests} * 32");
            await list.FocusAsync();
            await list.PressAsync("PageDown");
            await list.PressAsync("Enter");
            await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Header fields" })).ToBeVisibleAsync();
            await page.GetByLabel("Path contains").FillAsync(i % 2 == 0 ? $"items/{i % 10}" : "");
            if (i % 20 == 0)
            {
                await page.EvaluateAsync("() => globalThis.collections.push({ begin: performance.now(), end: Infinity })");
                await page.RequestGCAsync();
                await page.EvaluateAsync("() => { globalThis.collections.at(-1).end = performance.now(); }");
                heaps.Add(await page.EvaluateAsync<double>("() => performance.memory.usedJSHeapSize / 1048576"));
            }
        }

        // The collections that are asked for here are tasks as well, but no work of the page.
        var (tasks, collections) = (await TasksAsync(page, false), await TasksAsync(page, true));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"long tasks: {tasks.Length}, longest {tasks.DefaultIfEmpty().Max():F0} ms; of collections {collections.DefaultIfEmpty().Max():F0} ms; heap in MiB: {string.Join(", ", heaps.Select(heap => heap.ToString("F1", CultureInfo.InvariantCulture)))}"));
        output.WriteLine($"scripts in long frames: {string.Join(", ", await page.EvaluateAsync<string[]>("() => globalThis.longScripts"))}");
        Assert.InRange(tasks.DefaultIfEmpty().Max(), 0, 200);
        Assert.InRange(heaps[^1], 0, heaps[heaps.Count / 3] * 1.1);
    }

    private static Task<double[]> TasksAsync(IPage page, bool ofCollections) => page.EvaluateAsync<double[]>(
        """
        ofCollections => globalThis.longTasks
          .filter(task => ofCollections === globalThis.collections.some(({ begin, end }) => task.begin < end && task.end > begin))
          .map(task => task.end - task.begin)
        """,
        ofCollections);

    private static string Write()
    {
        var json = new StringBuilder("[");
        for (var i = 0; i < Requests; i++)
        {
            json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $$"""{"path":"sample/items/{{(i < Failing ? 0 : i % 25_000 + 1)}}"}""");
        }

        return json.Append(']').ToString();
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
