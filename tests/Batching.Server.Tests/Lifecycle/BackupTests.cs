using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Lifecycle;

/// <summary>The command that backs up a running gateway, and a gateway that is started from what it wrote.</summary>
public sealed class BackupTests
{
    [Fact]
    public async Task Backup_OfARunningGateway_IsWhatAnotherOneStartsFrom()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var backups = new TemporaryDirectory();
        var target = Path.Combine(backups.FullName, "today");
        SubmittedBatch before, after;
        using (var gateway = await GatewayProcess.StartAsync(api, data))
        {
            before = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 50).Select(i => $"{i}"));
            await gateway.Rest.WaitUntilDoneAsync(before.Id);
            var (code, output) = await BackUpAsync(data.FullName, target);
            Assert.True(code == 0, output);
            after = await gateway.Rest.SubmitPathsAsync("later");
            await gateway.Rest.WaitUntilDoneAsync(after.Id);
            gateway.AssertNoErrors();
        }

        Assert.NotEmpty(Directory.GetFiles(Path.Combine(target, "keys")));
        using var restored = await GatewayProcess.StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = target,
        });
        Assert.Contains("is a copy", restored.Output, StringComparison.Ordinal);
        Assert.Equal([before.Id], (await restored.Rest.GetAsync(RestClient.BatchPath)).Success().BatchIds);
        Assert.NotEmpty((await restored.Rest.GetAsync($"{before.Path}?after=0")).Success().Requests);
        Assert.Equal(404, (await restored.Rest.GetAsync(after.Path)).Status);
        var next = await restored.Rest.SubmitPathsAsync("next");
        Assert.NotEqual(after.Id, next.Id);
        await restored.Rest.WaitUntilDoneAsync(next.Id);
        Assert.Equal(404, (await restored.Rest.GetAsync(after.Path)).Status);
    }

    [Fact]
    public async Task Backup_NothingToBackUpOrNoTarget_SaysSo()
    {
        using var empty = new TemporaryDirectory();
        var (code, output) = await BackUpAsync(empty.FullName, Path.Combine(empty.FullName, "target"));
        Assert.Equal(71, code);
        Assert.Contains("There is no store", output, StringComparison.Ordinal);
        (code, output) = await BackUpAsync(empty.FullName, "");
        Assert.Equal(64, code);
        Assert.Contains("Usage", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_KeyThatNobodyReads_FailsAndNamesIt()
    {
        using var empty = new TemporaryDirectory();
        var (code, output) = await BackUpAsync(
            empty.FullName, Path.Combine(empty.FullName, "target"), "--Batch:DataDirectry=/var/lib/batch");
        Assert.Equal(78, code);
        Assert.Contains("No backup was made: Batch:DataDirectry is not a key", output, StringComparison.Ordinal);
        Assert.Contains("Batch:DataDirectory", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static Task<(int Code, string Output)> BackUpAsync(string data, string target, params string[] arguments) =>
        ServerProgram.RunAsync(
            AppContext.BaseDirectory,
            ["backup", target, .. arguments],
            new Dictionary<string, string> { ["Batch__DataDirectory"] = data });
}
