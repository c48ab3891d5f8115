using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Cli.Tests.Commands;

public sealed class RunCommandTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_CallsOfEveryKind_SendsWhatTheRestPathSends()
    {
        string[] calls =
        [
            """{"path": "sample/echo"}""",
            """{"path": "/sample/echo?a=1", "method": "post", "body": {"n": 1.50, "big": 12345678901234567890}}""",
            """{"path": "sample/echo", "params": {"n": 1.50, "big": 12345678901234567890, "no": null, "yes": true, "list": [1, "a b"], "object": {"x": 1.0}}}""",
            """{"path": "sample/echo", "method": "PUT", "body": "text as it is", "headers": {"Content-Type": "text/plain", "X-Trace": "ü"}}""",
            """{"path": "sample/echo", "method": "POST", "params": [1, 2.0]}""",
            """{"path": "sample/echo", "key": "my own"}""",
            """{"path": "sample/echo", "method": null, "body": [], "cache": "is not known", "headers": {}}""",
        ];
        using var http = new HttpClient { BaseAddress = fixture.Gateway.Address };
        var reply = await http.PostAsync(
            new Uri("/api/v0/batch", UriKind.Relative), new StringContent($"[{string.Join(',', calls)}]", Encoding.UTF8));
        var submitted = (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("Batch");
        var expected = await RunAsync("results", submitted.GetProperty("id").GetString()!);

        var found = await RunAsync("run", _folder.Write("calls.jsonl", string.Join('\n', calls)));

        Assert.Equal(Echoes(expected), Echoes(found));
        Assert.Equal(calls.Length, found.Lines.Length);
        Assert.Equal("my own", found.Json.Single(line => line.TryGetProperty("key", out _)).GetProperty("key").GetString());
        var params1 = found.Json.Single(line => line.GetProperty("index").GetInt32() == 2).GetProperty("params").GetRawText();
        Assert.Equal("""{"n": 1.50, "big": 12345678901234567890, "no": null, "yes": true, "list": [1, "a b"], "object": {"x": 1.0}}""", params1);
    }

    [Fact]
    public async Task Run_ResponsesOfEveryKind_ShowsThemAsTheRestPathDoes()
    {
        var calls = _folder.Write("calls.json", """
            [{"path": "sample/numbers"}, {"path": "sample/text"}, {"path": "sample/empty"}, {"path": "sample/image.png"},
             {"path": "sample/items?limit=2"}, {"path": "sample/fail?status=404"}, {"path": "sample/bytes?size=5000000"}]
            """);

        var reply = await RunAsync("run", calls);

        Assert.Equal(ExitCode.SomeFailed, reply.Code);
        using var http = new HttpClient { BaseAddress = fixture.Gateway.Address };
        var batch = reply.Json[0].GetProperty("spawnedBy").GetString();
        var ids = string.Join(',', reply.Json.Select(line => line.GetProperty("id").GetString()));
        var page = await http.GetFromJsonAsync<JsonElement>(new Uri($"/api/v0/batch/{batch}?request_ids={ids}", UriKind.Relative));
        var shown = page.GetProperty("Batch").GetProperty("Requests").EnumerateArray()
            .ToDictionary(request => request.GetProperty("id").GetString()!);
        Assert.Equal(7, shown.Count);
        foreach (var line in reply.Json)
        {
            var other = shown[line.GetProperty("id").GetString()!];
            foreach (var name in new[] { "responseStatusCode", "responseSize", "response", "responseEncoding", "responseContentType" })
            {
                Assert.Equal(TextOf(other, name), TextOf(line, name));
            }
        }
    }

    [Fact]
    public async Task Run_SeveralFiles_RunsAllInOrder()
    {
        var first = _folder.Write("a.jsonl", "{\"path\": \"sample/items/1\"}\n\n{\"path\": \"sample/items/2\"}\r\n");
        var second = _folder.Write("b.json", """[{"path": "sample/items/3"}]""");
        var third = _folder.Write("c.csv", "id,name\n4,\"a, b\"\n5,c\n");
        var fourth = _folder.Write("d.sh", "# a comment\ncurl -s 'http://localhost/sample/items/6'\n");

        var reply = await RunAsync(
            "run", first, second, third, fourth, "--template", """{"path": "sample/items/{id}", "params": {"q": "{name}"}}""");

        Assert.Equal(ExitCode.Success, reply.Code);
        Assert.Equal(
            ["sample/items/1", "sample/items/2", "sample/items/3", "sample/items/4", "sample/items/5", "/sample/items/6"],
            reply.Json.OrderBy(line => line.GetProperty("index").GetInt32()).Select(line => line.GetProperty("path").GetString()));
        Assert.Equal("a, b", reply.Json.Single(line => line.GetProperty("index").GetInt32() == 3).GetProperty("params").GetProperty("q").GetString());
    }

    [Fact]
    public async Task Run_BadLines_NamesThemAndSubmitsNothing()
    {
        var calls = _folder.Write("calls.jsonl", """
            {"path": "sample/items/1"}
            {"path": 7}
            {"path": "x"
            """);

        var reply = await RunAsync("run", calls, "-o", _folder["out.jsonl"]);

        Assert.Equal(ExitCode.Usage, reply.Code);
        Assert.Contains($"{calls}:2: path must be a string", reply.Error, StringComparison.Ordinal);
        Assert.Contains($"{calls}:3: is not valid JSON", reply.Error, StringComparison.Ordinal);
        Assert.Equal([calls], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public async Task Run_CallsThatTheGatewayRefuses_NamesTheirLines()
    {
        var calls = _folder.Write("calls.jsonl", """
            {"path": "sample/items/1"}

            {"path": "sample/../secret"}
            """);

        var reply = await RunAsync("run", calls);

        Assert.Equal(ExitCode.Usage, reply.Code);
        Assert.Contains($"{calls}:3: path ", reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OutputThatIsThere_IsKept()
    {
        var calls = _folder.Write("calls.jsonl", """{"path": "sample/items/1"}""");
        var output = _folder.Write("out.jsonl", "something");

        var refused = await RunAsync("run", calls, "-o", output);

        Assert.Equal(ExitCode.Usage, refused.Code);
        Assert.Equal("something", await File.ReadAllTextAsync(output));
        Assert.Equal(ExitCode.Success, (await RunAsync("run", calls, "-o", output, "--overwrite")).Code);
        Assert.Single(await File.ReadAllLinesAsync(output));
    }

    [Fact]
    public async Task Run_Json_EndsWithTheBatch()
    {
        var calls = _folder.Write("calls.jsonl", """{"path": "sample/fail?status=500"}""");

        var reply = await RunAsync("run", calls, "-o", _folder["out.jsonl"], "--json");

        Assert.Equal(ExitCode.SomeFailed, reply.Code);
        var batch = Assert.Single(reply.Json);
        Assert.Equal(("DONE", 1), (batch.GetProperty("state").GetString(), batch.GetProperty("failedRequests").GetInt32()));
        Assert.All(reply.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonElement.Parse(line));
    }

    private Task<CliReply> RunAsync(params string[] arguments) => Infrastructure.Cli.RunAsync(fixture.Gateway.Address, arguments);

    private static IEnumerable<string> Echoes(CliReply reply) => reply.Json
        .OrderBy(line => line.GetProperty("index").GetInt32())
        .Select(line =>
        {
            var echo = line.GetProperty("response");
            var trace = echo.GetProperty("headers").GetProperty("traceparent").GetString()!;
            return echo.GetRawText().Replace(trace, "", StringComparison.Ordinal);
        });

    private static string? TextOf(JsonElement result, string name) =>
        result.TryGetProperty(name, out var value) ? value.GetRawText() : null;
}
