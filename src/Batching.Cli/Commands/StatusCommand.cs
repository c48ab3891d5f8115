using System.CommandLine;
using Batching.Cli.Output;

namespace Batching.Cli.Commands;

/// <summary><c>batch status</c>: shows a batch as it stands.</summary>
internal static class StatusCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = BatchIdArgument.Create();
        var command = new Command("status", "Shows how far a batch is. The exit code is 8 while it runs.") { id };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient();
            var batch = await client.Open(parsed.GetValue(id)!).GetStatusAsync(cancellationToken);
            context.WriteLine(context.IsJson ? BatchText.ToJson(batch) : $"{BatchText.Header}\n{BatchText.ToRow(batch)}");
            return ExitCode.Of(batch);
        });
        return command;
    }
}
