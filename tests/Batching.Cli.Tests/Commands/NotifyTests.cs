using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;

namespace Batching.Cli.Tests.Commands;

/// <summary><c>batch run --notify</c>.</summary>
public sealed class NotifyTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The gateway says so, which it can only if it was asked.
    [Theory]
    [InlineData("--detach")]
    [InlineData("--output")]
    public async Task Run_NotifyThatTheOperatorDoesNotAllow_IsRefused(string option)
    {
        var calls = _folder.Write("calls.jsonl", """{"path": "sample/items/1"}""");
        string[] arguments = option == "--detach" ? [option] : [option, Path.Combine(Path.GetDirectoryName(calls)!, "results.jsonl")];

        var reply = await Infrastructure.Cli.RunAsync(
            fixture.Gateway.Address, ["run", calls, "--notify", "https://hooks.example.com/", .. arguments]);

        Assert.Equal(ExitCode.Usage, reply.Code);
        Assert.Contains("Batch:Webhooks:AllowedHosts", reply.Error, StringComparison.Ordinal);
    }
}
