using System.CommandLine;
using Batching.Cli.Output;
using Batching.V1;

namespace Batching.Cli.Commands;

/// <summary><c>batch watch</c>: shows the progress of a batch until it is done.</summary>
internal static class WatchCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = BatchIdArgument.Create();
        var command = new Command("watch", "Shows the progress of a batch until it is done. Its results stay unread.") { id };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewPatientClient();
            Batch? batch = null;
            await context.NewProgressView().ShowAsync(async progress =>
                batch = await client.Open(parsed.GetValue(id)!).WaitAsync(progress, cancellationToken));
            context.WriteLine(context.IsJson ? BatchText.ToJson(batch!) : $"{BatchText.Header}\n{BatchText.ToRow(batch!)}");
            return ExitCode.Of(batch!);
        });
        return command;
    }
}
