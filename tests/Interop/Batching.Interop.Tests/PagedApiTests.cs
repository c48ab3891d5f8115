namespace Batching.Interop.Tests;

/// <summary>Spawners against APIs that others wrote.</summary>
public sealed class PagedApiTests
{
    /// <summary>250 queues, listed page after page and side by side.</summary>
    [InteropFact(Tool.RabbitMq)]
    public async Task RabbitMq_QueuesWalkedBySpawners_EachIsFoundOnce()
    {
        var (exitCode, output) = await ExternalProgram.RunAsync(
            Tools.Python,
            Path.Combine(Folders.Interop, "rabbitmq", "walk.py"),
            Path.Combine(GatewayProcess.Folder, "Batching.Server.dll"));

        Assert.True(exitCode == 0, output);
        Assert.Matches(@"(?m)^all \d+ steps ok\r?$", output);
    }
}
