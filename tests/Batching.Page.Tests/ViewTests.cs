using Batching.Page.Tests.Infrastructure;
using Microsoft.Playwright;

namespace Batching.Page.Tests;

/// <summary>The views of the page in a real browser: what they show, and that everybody can use them.</summary>
public sealed class ViewTests(PageFixture fixture) : IClassFixture<PageFixture>
{
    private const string Mixed = """
        [{"path": "sample/items", "params": {"limit": 2}}, {"path": "sample/image.png"}, {"path": "sample/text"},
         {"path": "sample/bytes?size=300"}, {"path": "sample/numbers"}, {"path": "sample/items/0"}, {"path": "sample/fail?status=418"},
         {"path": "sample/items/99999999"}, {"path": "dead/end", "method": "POST", "body": {}}]
        """;

    [ChromiumTheory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Views_InLightAndDark_HaveNoViolation(ColorScheme scheme)
    {
        await using var session = await fixture.OpenAsync(scheme: scheme);
        var name = scheme.ToString().ToLowerInvariant();
        await session.Page.GetByRole(AriaRole.Link, new() { Name = "Submit", Exact = true }).ClickAsync();
        await session.CheckAsync($"submit-{name}");

        await session.SubmitAsync(Mixed);
        await session.CheckAsync($"batch-{name}");
        foreach (var path in (string[])["sample/items", "sample/image.png", "sample/text", "sample/bytes", "dead/end"])
        {
            await session.Page.GetByLabel("Path contains").FillAsync(path);
            await session.Rows.First.ClickAsync();
            await Assertions.Expect(session.Page.GetByRole(AriaRole.Heading, new() { Name = "Header fields" }).Or(
                session.Page.GetByRole(AriaRole.Heading, new() { Name = "The gateway’s answer" })).First).ToBeVisibleAsync();
            await session.CheckAsync($"response-{path.Replace('/', '-')}-{name}");
        }

        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await session.CheckAsync($"dialog-{name}");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Keep" }).ClickAsync();

        await session.Page.GetByRole(AriaRole.Link, new() { Name = "Batches" }).ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Row).Nth(1)).ToBeVisibleAsync();
        await session.CheckAsync($"batches-{name}");
    }

    [ChromiumFact]
    public async Task Results_FilteredAndSearched_AreThoseThatMatch()
    {
        await using var session = await fixture.OpenAsync();
        await session.SubmitAsync(Mixed);
        var options = session.Rows;
        await Assertions.Expect(options).ToHaveCountAsync(9);

        await session.Page.GetByLabel("Status").SelectOptionAsync("4xx");
        await Assertions.Expect(options).ToHaveCountAsync(3);
        await session.Page.GetByLabel("Path contains").FillAsync("items");
        await Assertions.Expect(options).ToHaveCountAsync(2);
        await session.Page.GetByLabel("Path contains").FillAsync("");
        await session.Page.GetByLabel("Status").SelectOptionAsync("5xx");
        await Assertions.Expect(options).ToHaveCountAsync(1);

        // Groups: two with 404, one with 418, one that never reached its API.
        var failures = session.Page.Locator(".failures button");
        await Assertions.Expect(failures).ToHaveTextAsync(["404 from the API: 2", "418 from the API: 1", "502 UPSTREAM_UNREACHABLE: 1"], new() { });
        await failures.Nth(0).ClickAsync();
        await Assertions.Expect(options).ToHaveCountAsync(2);
        await failures.Nth(2).ClickAsync();
        await Assertions.Expect(options).ToHaveTextAsync([new System.Text.RegularExpressions.Regex("^502POSTdead/endUPSTREAM_UNREACHABLE")]);
        await Assertions.Expect(session.Page.Locator(".state")).ToContainTextAsync("9 of 9 finished, 4 failed");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Img)).ToHaveCountAsync(2);
    }

    [ChromiumFact]
    public async Task Responses_OfEveryKind_AreShownAsWhatTheyAre()
    {
        await using var session = await fixture.OpenAsync();
        await session.SubmitAsync(Mixed);

        await session.OpenResponseAsync("sample/numbers");
        await Assertions.Expect(session.Page.Locator(".json .number")).ToHaveTextAsync(["12345678901234567890", "1.10"]);
        await session.OpenResponseAsync("sample/text");
        await Assertions.Expect(session.Page.GetByLabel("Body as text")).ToHaveTextAsync("Plain text: naïve café, 10 €, 日本語");
        await session.OpenResponseAsync("sample/bytes");
        await Assertions.Expect(session.Page.GetByLabel("Body as bytes")).ToContainTextAsync("00000010  10 11 12");
        await session.OpenResponseAsync("sample/image.png");
        var picture = session.Page.GetByAltText("The body, a picture");
        await Assertions.Expect(picture).ToHaveAttributeAsync("src", new System.Text.RegularExpressions.Regex("^blob:"));
        Assert.True(await picture.EvaluateAsync<bool>("image => image.decode().then(() => image.naturalWidth > 0)"));
        await Assertions.Expect(session.Page.Locator("dl")).ToContainTextAsync("image/png");

        var download = await session.Page.RunAndWaitForDownloadAsync(() =>
            session.Page.GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync());
        var bytes = await File.ReadAllBytesAsync((await download.PathAsync())!);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], bytes[..4]);
    }

    [ChromiumFact]
    public async Task Responses_ThatMeanNoGood_AreTextAndRunNothing()
    {
        await using var session = await fixture.OpenAsync();
        await session.SubmitAsync("""[{"path": "odd/html"}, {"path": "odd/svg"}, {"path": "odd/json"}, {"path": "odd/long"}, {"path": "sample/<b>x</b>"}]""");

        await session.OpenResponseAsync("odd/html");
        await Assertions.Expect(session.Page.GetByLabel("Body as text")).ToHaveTextAsync(OddAnswers.Html);
        await session.OpenResponseAsync("odd/svg");
        await Assertions.Expect(session.Page.GetByLabel("Body as text")).ToHaveTextAsync(OddAnswers.Svg);
        await session.OpenResponseAsync("odd/json");
        await Assertions.Expect(session.Page.Locator(".json .string").First).ToHaveTextAsync($"\"<script>{OddAnswers.Trap}</script>\"");
        await session.OpenResponseAsync("odd/long");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "800 more" }).ClickAsync();
        await Assertions.Expect(session.Page.Locator(".json .leaf")).ToHaveCountAsync(400);

        Assert.Equal(0, await session.Page.EvaluateAsync<int>("() => document.querySelectorAll('.detail script, .detail iframe, .detail b').length"));
        Assert.True(await session.Page.EvaluateAsync<bool>("() => globalThis.trapped === undefined && {}.polluted === undefined"));
    }

    [ChromiumFact]
    public async Task Reference_InTheBrowser_ShowsEveryOperationAndMakesCalls()
    {
        await using var session = await fixture.OpenAsync("/reference");

        using var http = new HttpClient { BaseAddress = new Uri(fixture.Address) };
        var operations = (await http.GetStringAsync(new Uri("/openapi.json", UriKind.Relative))).Split("\"operationId\"").Length - 1;
        Assert.InRange(operations, 28, 1000);
        await Assertions.Expect(session.Page.Locator(".opblock")).ToHaveCountAsync(operations);
        await session.KeepPictureAsync("reference");

        var list = session.Page.Locator(".opblock").Filter(new() { HasText = "List batches" }).First;
        await list.Locator(".opblock-summary-control").ClickAsync();
        await list.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await list.GetByRole(AriaRole.Button, new() { Name = "Execute" }).ClickAsync();
        await Assertions.Expect(list.Locator(".live-responses-table .response .response-col_status")).ToContainTextAsync("200");
        await session.KeepPictureAsync("reference-call");
    }
}
