using System.CommandLine;
using Batching.Cli.Output;
using Batching.Cli.Running;

namespace Batching.Cli.Commands;

/// <summary><c>batch results</c>: writes the results of a batch that is there already.</summary>
internal static class ResultsCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = BatchIdArgument.Create();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "A file for the results; \"batch resume FILE\" goes on with it. Standard output by default.",
            HelpName = "FILE",
        };
        var after = new Option<long>("--after")
        {
            Description = "Starts behind this position, and tells the gateway that everything up to it has been received.",
            HelpName = "POSITION",
        };
        var headers = new Option<bool>("--headers") { Description = "Writes the header fields of the responses, too." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Gives up what is in the output file." };
        var command = new Command("results", "Writes every result of a batch as a line of JSON, and waits for those that are still to come.")
        {
            id, output, after, headers, overwrite,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(after) < 0)
            {
                result.AddError("--after must be 0 or more.");
            }
        });
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewPatientClient();
            var (batchId, position) = (parsed.GetValue(id)!, parsed.GetValue(after));
            var shape = new OutputShape { Headers = parsed.GetValue(headers) };

            // Nothing is made of a file for a batch that is not there.
            await client.Open(batchId).GetStatusAsync(cancellationToken);
            var state = new RunState { Url = context.Url, BatchId = batchId, IsSent = true, Position = position, Shape = shape };
            using var file = parsed.GetValue(output) is { } path
                ? OutputFile.Create(path, state, parsed.GetValue(overwrite), context.Time)
                : null;
            return await new ResultsReader(context, client).ReadAsync(batchId, file, shape, position, cancellationToken);
        });
        return command;
    }
}
