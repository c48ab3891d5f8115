using System.CommandLine;
using Batching.Cli.Output;

namespace Batching.Cli.Commands;

/// <summary><c>batch cancel</c>: stops what of batches has no result yet.</summary>
internal static class CancelCommand
{
    public static Command Create(SharedOptions shared)
    {
        var ids = BatchIdArgument.CreateMany();
        var command = new Command("cancel", "Cancels batches: calls without a result end as CANCELLED, results that are there stay.") { ids };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient();
            foreach (var id in parsed.GetValue(ids)!)
            {
                var batch = await client.Open(id).CancelAsync(cancellationToken);
                if (context.IsJson)
                {
                    context.WriteLine(BatchText.ToJson(batch));
                }
                else
                {
                    context.Say($"{id} is {batch.State.ToString().ToUpperInvariant()}.");
                }
            }

            return ExitCode.Success;
        });
        return command;
    }
}
