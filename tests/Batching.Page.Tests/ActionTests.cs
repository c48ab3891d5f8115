using Batching.Page.Tests.Infrastructure;
using Microsoft.Playwright;

namespace Batching.Page.Tests;

/// <summary>What a caller does with the page.</summary>
public sealed class ActionTests(PageFixture fixture) : IClassFixture<PageFixture>
{
    private const string Text = """[{"path": "sample/text"}]""";
    private const string Slow = """[{"path": "sample/slow?ms=600000"}]""";

    [ChromiumFact]
    public async Task Everything_ByKeyboardAlone_CanBeDone()
    {
        await using var session = await fixture.OpenAsync();
        var page = session.Page;

        // Submit.
        await TabToAsync(page, "a", "Submit");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "textarea", "");
        await page.Keyboard.InsertTextAsync("""[{"path": "sample/items/1"}, {"path": "sample/items/0"}, {"path": "sample/slow?ms=600000"}]""");
        await TabToAsync(page, "button", "Submit");
        await page.Keyboard.PressAsync("Enter");
        await session.WaitForAnotherBatchAsync("");
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
        await Assertions.Expect(session.Rows).ToHaveCountAsync(2);

        // Cancel what runs.
        await TabToAsync(page, "button", "Cancel");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Keep" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".state")).ToContainTextAsync("cancelled: 3 of 3 finished, 2 failed");
        await Assertions.Expect(page.Locator(".failures")).ToContainTextAsync("499 CANCELLED: 1");

        // Filter and search.
        await TabToAsync(page, "select", null);
        await Assertions.Expect(page.GetByLabel("Status")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("End");
        await Assertions.Expect(session.Rows.Filter(new() { HasText = "sample" })).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Home");
        await TabToAsync(page, "input", "");
        await page.Keyboard.TypeAsync("items/1");

        // A response, and back.
        await TabToAsync(page, "div", null);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#detail-title")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator(".json")).ToContainTextAsync("Item 1");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Listbox, new() { Name = "Results" })).ToBeFocusedAsync();

        // Retry what failed, then delete the new batch.
        await TabToAsync(page, "button", "Retry what failed");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Not now" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        var first = page.Url[^16..];
        await page.Keyboard.PressAsync("Enter");
        await session.WaitForAnotherBatchAsync(first);
        await Assertions.Expect(page.Locator(".state")).ToContainTextAsync("of 2 finished");
        await TabToAsync(page, "button", "Delete");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Keep" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Batches");
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
    }

    [ChromiumFact]
    public async Task Retry_OfWhatWasSubmittedHere_SendsItAgainDigitForDigit()
    {
        await using var session = await fixture.OpenAsync();
        var key = Guid.NewGuid().ToString("N");
        var id = await session.SubmitAsync(
            $$$"""[{"path": "sample/text"}, {"path": "once/{{{key}}}", "method": "POST", "headers": {"X-Trace": "a ] } \" b"}, "body": {"n":12345678901234567890,"d":1.10}}]""");

        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Retry what failed" }).ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Submits again: 1 POST.");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Submit again" }).ClickAsync();
        await session.WaitForAnotherBatchAsync(id);
        await session.WaitUntilDoneAsync();

        await Assertions.Expect(session.Page.Locator(".state")).ToContainTextAsync("1 of 1 finished, 0 failed");
        Assert.Equal(("a ] } \" b", """{"n":12345678901234567890,"d":1.10}"""), fixture.FailOnce.Second[key]);
    }

    [ChromiumFact]
    public async Task Retry_OfWhatWasSubmittedElsewhere_LeavesOutWhatItDoesNotHave()
    {
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Address) };
        var id = await SubmitAsync(
            http, """[{"path": "sample/items/0", "params": {"big": 12345678901234567890}}, {"path": "sample/fail", "method": "PUT", "body": {}}]""");
        await using var session = await fixture.OpenAsync($"/#/batch/{id}");
        await session.WaitUntilDoneAsync();

        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Retry what failed" }).ClickAsync();
        var dialog = session.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync("Submits again: 1 GET.");
        await Assertions.Expect(dialog).ToContainTextAsync("Left out: 1 POST, PUT or PATCH");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Submit again" }).ClickAsync();
        await session.WaitForAnotherBatchAsync(id);
        await session.WaitUntilDoneAsync();

        var again = await http.GetStringAsync(new Uri($"/api/v0/batch/{session.Page.Url[^16..]}?after=0", UriKind.Relative));
        Assert.Contains("\"params\":{\"big\":12345678901234567890}", again.Replace(": ", ":", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [ChromiumFact]
    public async Task Submit_OfAFile_TakesItAsItIs()
    {
        await using var session = await fixture.OpenAsync("/#/submit");
        await session.Page.GetByLabel("Or a file").SetInputFilesAsync(new FilePayload
        {
            Name = "batch.json",
            MimeType = "application/json",
            Buffer = """[{"path": "sample/text"}]"""u8.ToArray(),
        });
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await session.WaitUntilDoneAsync();

        await Assertions.Expect(session.Rows).ToHaveCountAsync(1);
    }

    [ChromiumFact]
    public async Task Submit_OfADroppedFile_TakesItAsItIs()
    {
        await using var session = await fixture.OpenAsync("/#/submit");
        var data = await session.Page.EvaluateHandleAsync(
            """
            () => {
              const data = new DataTransfer();
              data.items.add(new File(['[{"path": "sample/text"}]'], 'dropped.json', { type: 'application/json' }));
              return data;
            }
            """);
        await session.Page.Locator(".submit").DispatchEventAsync("drop", new Dictionary<string, object> { ["dataTransfer"] = data });
        await Assertions.Expect(session.Page.Locator(".submit")).ToContainTextAsync("dropped.json, 25 B, is what is submitted.");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await session.WaitUntilDoneAsync();
    }

    [ChromiumFact]
    public async Task Submit_Refused_NamesEveryProblem()
    {
        await using var session = await fixture.OpenAsync("/#/submit");
        await session.Page.GetByLabel("Requests", new() { Exact = true }).FillAsync("""[{"path": "//x"}, {"path": "a", "method": "NO"}]""");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();

        var alert = session.Page.GetByRole(AriaRole.Alert);
        await Assertions.Expect(alert).ToContainTextAsync("[0].path: must not contain empty segments");
        await Assertions.Expect(alert).ToContainTextAsync("[1].method: must be one of");
        await session.CheckAsync("refused");
    }

    [ChromiumFact]
    public async Task Credential_OfAnotherCaller_ShowsThatCallersBatches()
    {
        await using var session = await fixture.OpenAsync();
        var page = session.Page;
        await UseAsync(page, "Bearer first");
        var id = await session.SubmitAsync("""[{"path": "sample/text"}]""");

        await UseAsync(page, "Bearer second");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync($"There is no batch {id}.");
        await page.GetByRole(AriaRole.Link, new() { Name = "Batches" }).ClickAsync();
        await Assertions.Expect(page.GetByText("There is no batch of this caller.")).ToBeVisibleAsync();
        await UseAsync(page, "Bearer first");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = id })).ToBeVisibleAsync();

        // It is gone with the page.
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#credential-state")).ToHaveTextAsync("None in use");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = id })).ToHaveCountAsync(0);
    }

    [ChromiumFact]
    public async Task Results_WhileTheBatchRuns_ComeAsTheyFinish()
    {
        await using var session = await fixture.OpenAsync();
        await session.SubmitAsync("""[{"path": "sample/text"}, {"path": "sample/slow?ms=600000"}]""", waitUntilDone: false);

        await Assertions.Expect(session.Rows).ToHaveCountAsync(1);
        await Assertions.Expect(session.Page.Locator(".state")).ToContainTextAsync("running: 1 of 2 finished");
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel the batch" }).ClickAsync();
        await Assertions.Expect(session.Rows).ToHaveCountAsync(2);
    }

    [ChromiumFact]
    public async Task Batches_ThatChangeElsewhere_AreBroughtUpToDate()
    {
        const int Count = 52;
        var credential = $"Bearer {Guid.NewGuid():N}";
        using var http = new HttpClient { BaseAddress = new Uri(fixture.Address) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", credential);
        var ids = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            ids.Add(await SubmitAsync(http, i == Count - 1 ? Slow : Text));
        }

        await using var session = await fixture.OpenAsync();
        await UseAsync(session.Page, credential);
        var rows = session.Page.Locator("tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(50);
        await Assertions.Expect(rows.First).ToContainTextAsync($"{ids[^1]}");
        await Assertions.Expect(rows.First).ToContainTextAsync("running 0 of 1");

        using var cancelled = await http.PostAsync(new Uri($"/api/v0/batch/{ids[^1]}/cancel", UriKind.Relative), null);
        await Assertions.Expect(rows.First).ToContainTextAsync("cancelled 1 of 1");
        using var deleted = await http.DeleteAsync(new Uri($"/api/v0/batch/{ids[^1]}", UriKind.Relative));
        await Assertions.Expect(rows.First).ToContainTextAsync(ids[^2]);
        await Assertions.Expect(rows.Last).ToContainTextAsync(ids[1]);

        await session.Page.GetByRole(AriaRole.Button, new() { Name = "Older batches" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(Count - 1);
        await Assertions.Expect(rows.Last).ToContainTextAsync(ids[0]);
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Button, new() { Name = "Older batches" })).ToBeHiddenAsync();
        var fresh = await SubmitAsync(http, Text);
        await Assertions.Expect(rows.First).ToContainTextAsync(fresh);
        await Assertions.Expect(rows).ToHaveCountAsync(Count);
    }

    [ChromiumFact]
    public async Task Results_OfAStreamThatBreaks_GoOnWhereItWas()
    {
        await using var session = await fixture.OpenAsync();
        var streams = new List<string>();
        await session.Page.RouteAsync("**/results:stream*", async route =>
        {
            streams.Add(route.Request.Url);
            if (streams.Count == 1)
            {
                await route.AbortAsync();
            }
            else if (streams.Count == 2)
            {
                // The first line alone.
                var reply = await route.FetchAsync();
                await route.FulfillAsync(new() { Response = reply, Body = (await reply.TextAsync()).Split('\n')[0] + "\n" });
            }
            else
            {
                await route.ContinueAsync();
            }
        });

        await session.SubmitAsync("""[{"path": "sample/text"}, {"path": "sample/items"}, {"path": "sample/empty"}]""");

        await Assertions.Expect(session.Rows).ToHaveCountAsync(3);
        Assert.Equal(3, streams.Count);
        Assert.Contains("after=0", streams[1], StringComparison.Ordinal);
        Assert.Contains("after=1", streams[2], StringComparison.Ordinal);
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [ChromiumFact]
    public async Task Credential_WhileRequestsAreTyped_KeepsThem()
    {
        await using var session = await fixture.OpenAsync("/#/submit");
        var text = session.Page.GetByLabel("Requests", new() { Exact = true });
        await text.FillAsync("[]");
        await UseAsync(session.Page, "Bearer typed");

        await Assertions.Expect(text).ToHaveValueAsync("[]");
    }

    private static async Task<string> SubmitAsync(HttpClient http, string json)
    {
        using var content = new StringContent(json);
        using var reply = await http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content);
        reply.EnsureSuccessStatusCode();
        return System.Text.RegularExpressions.Regex.Match(await reply.Content.ReadAsStringAsync(), @"\d{16}").Value;
    }

    private static async Task UseAsync(IPage page, string credential)
    {
        await page.GetByLabel("Value of the credential").FillAsync(credential);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use" }).ClickAsync();
        await Assertions.Expect(page.Locator("#credential-state")).ToHaveTextAsync("Authorization is in use");
    }

    // As somebody does who has no mouse: key after key, until the wanted element has the focus.
    private static async Task TabToAsync(IPage page, string tag, string? text)
    {
        for (var i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            var focused = await page.EvaluateAsync<string>("() => `${document.activeElement.tagName.toLowerCase()}|${document.activeElement.textContent.trim()}`");
            var parts = focused.Split('|', 2);
            if (parts[0] == tag && (text is null || parts[1] == text))
            {
                return;
            }
        }

        Assert.Fail($"{tag} {text} is not reached by the keyboard.");
    }
}
