using System.Text.Json;
using Batching.Cli.Output;
using Batching.Cli.Tests.Infrastructure;
using Batching.Client;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Cli.Tests.Commands;

/// <summary>Runs that were cut at moments that a kill rarely meets.</summary>
public sealed class ResumeCommandTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>, IDisposable
{
    private const int Calls = 40;
    private const string LostByThePower = "zeros, as a file system leaves them";

    private readonly TemporaryFolder _folder = new();
    private readonly string _token = Guid.NewGuid().ToString();

    private string Output => _folder["out.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("{\"position\":4,\"ind")]
    [InlineData("{\"position\":9,\"index\":0}\n")]
    [InlineData(LostByThePower)]
    public async Task Resume_RestBehindTheLastNote_IsReplacedOrKept(string rest)
    {
        var lines = await RunAllAsync("GET");
        await WriteStateAsync(lines[..3], noted: 2, rest);

        var reply = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.Success, reply.Code);
        Assert.Equal(lines, await File.ReadAllLinesAsync(Output));
        Assert.False(File.Exists(OutputFile.StatePathOf(Output)));
    }

    [Fact]
    public async Task Resume_AnswerToTheSubmissionNeverSeen_GoesOnWithTheBatch()
    {
        var state = await CutWhileSubmittingAsync("POST");
        using var client = NewClient();
        var batch = await client.SubmitAsync(
            Enumerable.Range(0, Calls).Select(call => BatchCall.Post($"sample/echo?call={call}")),
            new SubmitOptions { IdempotencyKey = state.SubmissionKey });

        var reply = await RunAsync("resume", Output);

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        var lines = await File.ReadAllLinesAsync(Output);
        Assert.Equal(Calls, lines.Length);
        Assert.All(lines, line => Assert.Equal(batch.Id, JsonElement.Parse(line).GetProperty("spawnedBy").GetString()));
        Assert.Single(await client.ListAsync().ToListAsync());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Resume_SubmissionThatNeverArrived_IsMade(string method)
    {
        await CutWhileSubmittingAsync(method);

        var reply = await RunAsync("resume", Output);

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal(Calls, (await File.ReadAllLinesAsync(Output)).Length);
    }

    [Fact]
    public async Task Resume_UnsafeSubmissionOfLongAgo_IsMadeAgainOnlyWhenAskedFor()
    {
        await CutWhileSubmittingAsync("POST", sentBefore: TimeSpan.FromHours(2));

        var refused = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.SubmissionUnknown, refused.Code);
        Assert.Contains("--again", refused.Error, StringComparison.Ordinal);
        using var client = NewClient();
        Assert.Empty(await client.ListAsync().ToListAsync());
        Assert.Equal(ExitCode.Success, (await RunAsync("resume", Output, "--again")).Code);
        Assert.Equal(Calls, (await File.ReadAllLinesAsync(Output)).Length);
    }

    [Fact]
    public async Task Resume_CallsChangedSince_AsksWhatToDo()
    {
        var state = await CutWhileSubmittingAsync("POST");
        using var client = NewClient();
        var batch = await client.SubmitAsync(
            [BatchCall.Post("sample/echo?call=another")], new SubmitOptions { IdempotencyKey = state.SubmissionKey });

        var refused = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.SubmissionUnknown, refused.Code);
        Assert.Contains("has changed", refused.Error, StringComparison.Ordinal);
        var resumed = await RunAsync("resume", Output, "--id", batch.Id);
        Assert.True(resumed.Code == ExitCode.Success, $"{resumed.Code}: {resumed.Error}");
        Assert.Single(await File.ReadAllLinesAsync(Output));
    }

    [Fact]
    public async Task Resume_CallsBrokenSince_KeepsTheKey()
    {
        var state = await CutWhileSubmittingAsync("POST");
        _folder.Write("calls.jsonl", "{");

        var refused = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.Usage, refused.Code);
        Assert.Equal(state.SubmissionKey, OutputFile.ReadState(Output).SubmissionKey);
    }

    [Fact]
    public async Task Resume_OutputThatWasShortened_IsRefused()
    {
        var lines = await RunAllAsync("GET");
        await WriteStateAsync(lines[..3], noted: 3, "");
        await File.WriteAllTextAsync(Output, lines[0]);

        var reply = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.Error, reply.Code);
        Assert.Equal(lines[0], await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public async Task Resume_NothingToGoOnWith_SaysSo()
    {
        var reply = await RunAsync("resume", Output);

        Assert.Equal(ExitCode.Usage, reply.Code);
        Assert.Contains("There is nothing to go on with", reply.Error, StringComparison.Ordinal);
    }

    // A whole run, whose lines are then known.
    private async Task<string[]> RunAllAsync(string method)
    {
        Assert.Equal(ExitCode.Success, (await RunAsync("run", WriteCalls(method), "-o", Output)).Code);
        return await File.ReadAllLinesAsync(Output);
    }

    private async Task WriteStateAsync(string[] lines, int noted, string rest)
    {
        var text = lines.Select(line => $"{line}\n").ToArray();
        await File.WriteAllTextAsync(Output, string.Concat(text) + (rest == LostByThePower ? new string('\0', 100_000) : rest));
        await WriteStateAsync(new RunState
        {
            Url = fixture.Gateway.Address,
            BatchId = JsonElement.Parse(lines[0]).GetProperty("spawnedBy").GetString(),
            IsSent = true,
            Position = noted,
            Length = System.Text.Encoding.UTF8.GetByteCount(string.Concat(text[..noted])),
        });
    }

    private async Task<RunState> CutWhileSubmittingAsync(string method, TimeSpan sentBefore = default)
    {
        await File.WriteAllTextAsync(Output, "");
        var state = new RunState
        {
            Url = fixture.Gateway.Address,
            IsSent = true,
            SubmissionKey = Guid.NewGuid().ToString(),
            SentTime = TimeProvider.System.GetUtcNow() - sentBefore,
            Files = [WriteCalls(method)],
        };
        await WriteStateAsync(state);
        return state;
    }

    private async Task WriteStateAsync(RunState state)
    {
        await using var file = File.Create(OutputFile.StatePathOf(Output));
        await JsonSerializer.SerializeAsync(file, state, CliJson.Default.RunState);
    }

    private string WriteCalls(string method) => _folder.Write("calls.jsonl", string.Concat(Enumerable.Range(0, Calls).Select(
        call => $$"""{"path": "sample/echo?call={{call}}", "method": "{{method}}"}""" + "\n")));

    private Task<CliReply> RunAsync(params string[] arguments) =>
        Infrastructure.Cli.RunAsync(fixture.Gateway.Address, [.. arguments, "--token", _token]);

    private BatchClient NewClient() => new(new BatchClientOptions { Address = fixture.Gateway.Address, Token = _token });
}
