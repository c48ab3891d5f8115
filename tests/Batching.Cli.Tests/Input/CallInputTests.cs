using Batching.Cli.Input;
using Batching.Cli.Tests.Infrastructure;

namespace Batching.Cli.Tests.Input;

public sealed class CallInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("calls", "\uFEFF {\"path\": \"a\"}\n\n{\"path\": \"b\"}")]
    [InlineData("calls.jsonl", "{\"path\": \"a\"}\r\n{\"path\": \"b\"}\r\n")]
    [InlineData("calls", "\uFEFF [{\"path\": \"a\"},\n {\"path\": \"b\"}]")]
    [InlineData("calls.json", "[{\"path\": \"a\"}, {\"path\": \"b\"}]")]
    [InlineData("calls.json", "{\"path\": \"a\"}\n{\"path\": \"b\"}")]
    [InlineData("calls.csv", "p\na\nb\n")]
    [InlineData("calls.tsv", "p\tq\na\t1\nb\t2\n")]
    [InlineData("calls", "p;q\na;1\nb;2\n")]
    public async Task Read_FilesOfEachForm_GivesTheCalls(string name, string text)
    {
        var input = new CallInput([_folder.Write(name, text)], CallFormat.Auto, new CallTemplate("""{"path": "{p}"}"""));

        Assert.Equal(["a", "b"], await input.ReadAsync().Select(call => call.Path).ToListAsync());
        Assert.Equal(["a", "b"], await input.ReadAsync().Select(call => call.Path).ToListAsync());
        Assert.Equal(2, input.Count);
    }

    [Theory]
    [InlineData("a.jsonl", "{}\n[]\n{\"path\": 1}\n{\"method\": {}}\n{\"headers\": {\"a\": 1}}\n{\"spawner\": 1}\n{\"params\": 1}\nx", "2 3 4 5 6 7 8")]
    [InlineData("a.json", "[{}, 1, {\"body\": 1, \"params\": [1]}]", "1 2")]
    [InlineData("a.json", "[{}, {}", "2")]
    [InlineData("a.sh", "curl /a\ncurl\nwget x\n", "2 3")]
    [InlineData("a.jsonl", "\n\n", "")]
    [InlineData("a.csv", "x\n1\n", "1")]
    public async Task Read_BadCalls_NamesThem(string name, string text, string expected)
    {
        var file = _folder.Write(name, text);
        var input = new CallInput([file], CallFormat.Auto, new CallTemplate("""{"path": "{p}"}"""));

        var failure = await Assert.ThrowsAsync<InputException>(async () => await input.ReadAsync().ToListAsync());

        Assert.Equal(expected, string.Join(' ', failure.Problems.Select(problem => problem.Place[file.Length..].Trim(':', '[', ']'))));
    }

    [Fact]
    public async Task Read_FileThatIsNotThere_IsUsage()
    {
        var input = new CallInput([_folder["none"]], CallFormat.Jsonl, null);

        var failure = await Assert.ThrowsAsync<CommandFailedException>(async () => await input.ReadAsync().ToListAsync());

        Assert.Equal(ExitCode.Usage, failure.ExitCode);
    }

    [Fact]
    public async Task Read_TableWithoutATemplate_IsUsage()
    {
        var input = new CallInput([_folder.Write("a.csv", "a\n1\n")], CallFormat.Auto, null);

        await Assert.ThrowsAsync<CommandFailedException>(async () => await input.ReadAsync().ToListAsync());
    }
}
