using System.CommandLine;

namespace Batching.Cli.Commands;

/// <summary><c>batch rm</c>: deletes batches.</summary>
internal static class RemoveCommand
{
    public static Command Create(SharedOptions shared)
    {
        var ids = BatchIdArgument.CreateMany();
        var command = new Command("rm", "Deletes batches with everything that belongs to them. Those that run are cancelled first.") { ids };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewClient();
            foreach (var id in parsed.GetValue(ids)!)
            {
                await client.Open(id).DeleteAsync(cancellationToken);
                if (context.IsJson)
                {
                    context.WriteLine($$"""{"id":"{{id}}","deleted":true}""");
                }
                else
                {
                    context.Say($"{id} is deleted.");
                }
            }

            return ExitCode.Success;
        });
        return command;
    }
}
