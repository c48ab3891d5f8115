using System.Diagnostics;
using System.Text.Json;
using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Cli.Tests.Commands;

/// <summary>The commands about batches that are there.</summary>
public sealed class BatchCommandsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _token = Guid.NewGuid().ToString();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Status_BatchInEachState_HasItsExitCode()
    {
        var running = await SubmitAsync("sample/slow?ms=60000");
        var done = await SubmitAsync("sample/items/1");
        var failed = await SubmitAsync("sample/fail?status=404");
        await RunAsync("watch", done);
        await RunAsync("watch", failed);

        Assert.Equal(ExitCode.Running, (await RunAsync("status", running)).Code);
        Assert.Equal(ExitCode.Success, (await RunAsync("status", done)).Code);
        Assert.Equal(ExitCode.SomeFailed, (await RunAsync("status", failed)).Code);
        Assert.Equal(ExitCode.Success, (await RunAsync("cancel", running)).Code);
        Assert.Equal(ExitCode.Incomplete, (await RunAsync("watch", running)).Code);
        Assert.Equal(ExitCode.NotFound, (await RunAsync("status", "1234567890123456")).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("status", "12")).Code);
    }

    [Fact]
    public async Task Status_Json_IsThatOfTheRestPath()
    {
        var id = await SubmitAsync("sample/items/1");
        await RunAsync("watch", id);

        var batch = Assert.Single((await RunAsync("status", id, "--json")).Json);

        using var http = new HttpClient { BaseAddress = fixture.Gateway.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
        var other = JsonElement.Parse(await http.GetStringAsync(new Uri($"/api/v0/batch/{id}/status", UriKind.Relative))).GetProperty("Batch");
        Assert.All(other.EnumerateObject(), member => Assert.Equal(member.Value.GetRawText(), batch.GetProperty(member.Name).GetRawText()));
    }

    [Fact]
    public async Task List_Batches_NewestFirst()
    {
        string[] ids = [await SubmitAsync("sample/items/1"), await SubmitAsync("sample/items/2"), await SubmitAsync("sample/items/3")];

        Assert.Equal(ids.Reverse(), (await RunAsync("ls", "--ids")).Lines);
        Assert.Equal(ids[2..], (await RunAsync("ls", "--limit", "1", "--json")).Json.Select(batch => batch.GetProperty("id").GetString()));
        Assert.Equal(4, (await RunAsync("ls")).Lines.Length);
    }

    [Fact]
    public async Task Remove_Batches_DeletesThem()
    {
        string[] ids = [await SubmitAsync("sample/items/1"), await SubmitAsync("sample/slow?ms=60000")];

        Assert.Equal(ExitCode.Success, (await RunAsync(["rm", .. ids])).Code);

        Assert.Empty((await RunAsync("ls", "--ids")).Lines);
        Assert.Equal(ExitCode.NotFound, (await RunAsync("rm", ids[0])).Code);
    }

    [Fact]
    public async Task Results_AfterAPosition_HasTheRest()
    {
        var id = await SubmitAsync("sample/items/1", "sample/items/2", "sample/items/3");

        await RunAsync("watch", id);
        var reply = await RunAsync("results", id, "--after", "1", "--headers");

        Assert.Equal([2, 3], reply.Json.Select(line => line.GetProperty("position").GetInt32()));
        Assert.All(reply.Json, line => Assert.StartsWith(
            "application/json", line.GetProperty("responseHeaders").GetProperty("content-type").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Results_ToAFile_LeavesNoState()
    {
        var id = await SubmitAsync("sample/items/1", "sample/items/2");
        var output = _folder["out.jsonl"];

        Assert.Equal(ExitCode.Success, (await RunAsync("results", id, "-o", output)).Code);

        Assert.Equal(2, (await File.ReadAllLinesAsync(output)).Length);
        Assert.Equal(["out.jsonl", "submit.jsonl"], Directory.GetFiles(_folder.FullName).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Body_OfAResult_IsItsBytes()
    {
        var id = await SubmitAsync("sample/text");
        var request = Assert.Single((await RunAsync("results", id)).Json).GetProperty("id").GetString()!;

        Assert.Equal("Plain text: naïve café, 10 €, 日本語\n", (await RunAsync("body", id, request)).Output);
    }

    [Fact]
    public async Task Get_SomeCalls_ShowsThemByKey()
    {
        var reply = await RunAsync("get", "one=sample/items/1", "/sample/text", "none=/sample/nothing", "q=sample/echo?a=b");

        Assert.Equal(ExitCode.SomeFailed, reply.Code);
        var shown = Assert.Single(reply.Json);
        Assert.Equal(["one", "/sample/text", "none", "q"], shown.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, shown.GetProperty("one").GetProperty("response").GetProperty("id").GetInt32());
        Assert.Equal(404, shown.GetProperty("none").GetProperty("responseStatusCode").GetInt32());
        Assert.Equal("?a=b", shown.GetProperty("q").GetProperty("response").GetProperty("query").GetString());
    }

    [Fact]
    public async Task Get_Body_IsItsBytes()
    {
        var reply = await RunAsync("get", "/sample/numbers", "--body");

        Assert.Equal("""{"n": 12345678901234567890, "d": 1.10}""", reply.Output);
    }

    [Theory]
    [InlineData("sample/items?total=450")]
    [InlineData("sample/items/by-offset?total=450")]
    [InlineData("sample/items/by-link?total=450")]
    public async Task Walk_Items_HasEachOnce(string path)
    {
        string[] style = path.Contains("by-offset", StringComparison.Ordinal)
            ? ["-p", """{"style": "offset", "total_header": "X-Total-Count"}"""]
            : [];

        var reply = await RunAsync(["walk", path, "--items", .. style]);

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal(Enumerable.Range(1, 450), reply.Json.Select(item => item.GetProperty("id").GetInt32()).Order());
    }

    [Fact]
    public async Task Walk_ItemsToAFileThatWasCut_HasEachOnce()
    {
        var output = _folder["items.jsonl"];
        Assert.Equal(ExitCode.Success, (await RunAsync("walk", "sample/items?total=450", "--items", "-o", output)).Code);
        var lines = await File.ReadAllLinesAsync(output);
        Assert.Equal(450, lines.Length);
        var id = (await RunAsync("ls", "--ids")).Lines[0];

        // The second page was noted, the third one is half there.
        var noted = string.Concat(lines[..200].Select(line => $"{line}\n"));
        await File.WriteAllTextAsync(output, noted + string.Join('\n', lines[200..230])[..^3]);
        await File.WriteAllTextAsync($"{output}.batch", $$$"""
            {"version": 1, "url": "{{{fixture.Gateway.Address}}}", "batchId": "{{{id}}}", "isSent": true, "position": 3,
             "length": {{{System.Text.Encoding.UTF8.GetByteCount(noted)}}}, "shape": {"items": true}}
            """);
        var reply = await RunAsync("resume", output);

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal(lines, await File.ReadAllLinesAsync(output));
    }

    [Fact]
    public async Task Walk_LimitAndParameters_AreSent()
    {
        var limited = await RunAsync("walk", "sample/items", "--limit", "130", "--items", "--param", "sort=-id", "--param", "total=500");
        var other = await RunAsync(
            "walk", "sample/items/by-page", "--items", "--param", "per_page=150", "-p", """{"style": "page", "limit_param": "per_page"}""");

        Assert.Equal(Enumerable.Range(371, 130).Reverse(), limited.Json.Select(item => item.GetProperty("id").GetInt32()));

        // Numbered pages are not made smaller for the last one.
        Assert.Equal(200, other.Lines.Length);
        Assert.Equal(ExitCode.Usage, (await RunAsync("walk", "sample/items", "--param", "sort")).Code);
    }

    [Fact]
    public async Task Walk_UnknownPreset_IsUsage()
    {
        var reply = await RunAsync("walk", "sample/items", "-p", "none");

        Assert.Equal(ExitCode.Usage, reply.Code);
        Assert.Contains("\ninput:1: pagination.preset must be one of", reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Walk_PageThatFails_SaysSo()
    {
        var reply = await RunAsync("walk", "sample/nothing", "--items");

        Assert.Equal(ExitCode.SomeFailed, reply.Code);
        Assert.Contains("status 404", reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_GatewayAndPath_AreGood()
    {
        var reply = await RunAsync("doctor", "sample/items");

        Assert.Equal(ExitCode.Success, reply.Code);
        Assert.Equal(6, reply.Lines.Length);
        Assert.Contains("v2 at /api/v2/batch", reply.Lines[2], StringComparison.Ordinal);
        Assert.EndsWith("/sample.", reply.Lines[3].Replace("/sample/.", "/sample.", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("10,000 requests in a batch", reply.Lines[4], StringComparison.Ordinal);
        Assert.All(reply.Lines, line => Assert.StartsWith("ok", line, StringComparison.Ordinal));
        Assert.Equal(ExitCode.Unavailable, (await RunAsync("doctor", "sample/../secret")).Code);

        var checks = (await RunAsync("doctor", "sample/nothing", "--json")).Json;
        Assert.Equal([true, true, true, true, true, false], checks.Select(check => check.GetProperty("ok").GetBoolean()));
        Assert.Equal("100", checks[4].GetProperty("details").GetProperty("Batch:Keyed:Calls").GetString());
        Assert.Contains("Batch:Keyed:Calls = 100", (await RunAsync("doctor", "--limits")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_NoGateway_SaysSo()
    {
        using var none = TestGateway.Create();

        var reply = await Infrastructure.Cli.RunAsync(none.Address, "doctor", "sample/items");

        Assert.Equal(ExitCode.Unavailable, reply.Code);
        Assert.Contains("can't be reached", Assert.Single(reply.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_OfBash_CompletesACommandLine()
    {
        var script = _folder.Write("completion.bash", (await RunAsync("completion", "bash")).Output);
        var use = _folder.Write("use.bash", $$"""
            batch() { '{{Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"}}' '{{CliProcess.Assembly}}' "$@"; }
            source '{{script}}'
            COMP_WORDS=(batch res); COMP_CWORD=1; COMP_LINE='batch res'; COMP_POINT=9
            _batch
            printf '%s\n' "${COMPREPLY[@]}"
            """);
        var start = new ProcessStartInfo("bash", [use]) { RedirectStandardOutput = true };
        using var bash = Process.Start(start)!;

        Assert.Equal(["results", "resume"], (await bash.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Theory]
    [InlineData("batch ru", "run")]
    [InlineData("batch run --over", "--overwrite")]
    [InlineData("batch completion z", "zsh")]
    [InlineData("batch run --format ", "Curl")]
    public async Task Suggest_BeginningOfACommandLine_CompletesIt(string line, string expected)
    {
        using var process = CliProcess.Start(fixture.Gateway.Address, $"[suggest:{line.Length}]", line);

        Assert.Contains(expected, (await process.WaitAsync()).Output.Split('\n', StringSplitOptions.TrimEntries), StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task CommandLine_Nonsense_IsUsage()
    {
        Assert.Equal(ExitCode.Usage, (await RunAsync("fly")).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("run", "-", "x.jsonl")).Code);
    }

    private async Task<string> SubmitAsync(params string[] paths)
    {
        var calls = _folder.Write("submit.jsonl", string.Concat(paths.Select(path => $$"""{"path": "{{path}}"}""" + "\n")));
        var reply = await RunAsync("run", calls, "--detach");
        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        return Assert.Single(reply.Lines);
    }

    private Task<CliReply> RunAsync(params string[] arguments) =>
        Infrastructure.Cli.RunAsync(fixture.Gateway.Address, [.. arguments, "--token", _token]);
}
