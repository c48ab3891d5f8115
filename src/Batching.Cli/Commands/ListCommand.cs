using System.CommandLine;
using Batching.Cli.Output;

namespace Batching.Cli.Commands;

/// <summary><c>batch ls</c>: lists the caller's batches.</summary>
internal static class ListCommand
{
    private const int DefaultLimit = 20;

    public static Command Create(SharedOptions shared)
    {
        var limit = new Option<int>("--limit", "-n")
        {
            Description = "How many at most; 0 for all.",
            DefaultValueFactory = _ => DefaultLimit,
            HelpName = "COUNT",
        };
        var ids = new Option<bool>("--ids") { Description = "Only the ids, a line each." };
        var command = new Command("ls", "Lists your batches, newest first.") { limit, ids };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient();
            var isPlain = !context.IsJson && !parsed.GetValue(ids);
            var count = 0;
            await foreach (var batch in client.ListAsync(cancellationToken))
            {
                if (isPlain && count == 0)
                {
                    context.WriteLine(BatchText.Header);
                }

                context.WriteLine(context.IsJson ? BatchText.ToJson(batch) : isPlain ? BatchText.ToRow(batch) : batch.Id);
                if (++count == parsed.GetValue(limit))
                {
                    break;
                }
            }

            if (isPlain && count == 0)
            {
                context.Say("You have no batches at this gateway.");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
