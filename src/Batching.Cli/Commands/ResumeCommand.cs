using System.CommandLine;
using Batching.Cli.Output;
using Batching.Cli.Running;

namespace Batching.Cli.Commands;

/// <summary><c>batch resume</c>: goes on with a run that was cut.</summary>
internal static class ResumeCommand
{
    public static Command Create(SharedOptions shared)
    {
        var file = new Argument<string>("FILE") { Description = "The output file of the run." };
        var id = new Option<string?>("--id")
        {
            Description = "The batch of the run, if the run was cut while it submitted and you know it.",
            HelpName = "ID",
        };
        var again = new Option<bool>("--again")
        {
            Description = "Submits the calls again if the run was cut while it submitted. Each of them may then be made twice.",
        };
        var command = new Command("resume", "Goes on with a run with an output file that was cut, however it was.") { file, id, again };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            if (!shared.NamesUrl(parsed))
            {
                context = context with { Url = OutputFile.ReadState(path).Url };
            }

            using var client = context.NewPatientClient();
            return await new BatchRunner(context, client).ResumeAsync(
                path, parsed.GetValue(id), parsed.GetValue(again), cancellationToken);
        });
        return command;
    }
}
