using System.CommandLine;
using Batching.Cli.Input;
using Batching.Cli.Output;
using Batching.Cli.Running;

namespace Batching.Cli.Commands;

/// <summary><c>batch run</c>: submits the calls of files, and writes their results.</summary>
internal static class RunCommand
{
    public static Command Create(SharedOptions shared)
    {
        var files = new Argument<string[]>("FILES")
        {
            Description = "Files with calls; - or none for standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "A file for the results. A run that is cut goes on with \"batch resume FILE\". Standard output by default.",
            HelpName = "FILE",
        };
        var format = new Option<CallFormat>("--format", "-f")
        {
            Description = "How the calls are written. By default as the file's name, or its first characters, say.",
            DefaultValueFactory = _ => CallFormat.Auto,
        };
        var template = new Option<string?>("--template", "-t")
        {
            Description = "For tables: the call as JSON, with {column} where a value goes; or @FILE.",
            HelpName = "JSON",
        };
        var headers = new Option<bool>("--headers") { Description = "Writes the header fields of the responses, too." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Gives up what is in the output file." };
        var detach = new Option<bool>("--detach", "-d") { Description = "Only submits, and prints the id of the batch." };
        var notify = new Option<string?>("--notify")
        {
            Description = "A URL that the gateway calls when the batch is done. Its operator has to allow the host.",
            HelpName = "URL",
        };
        var command = new Command("run", "Submits calls as one batch, and writes each result as a line of JSON.")
        {
            files, output, format, template, headers, overwrite, detach, notify,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(detach) && result.GetValue(output) is not null)
            {
                result.AddError("--detach and --output exclude each other: \"batch results ID -o FILE\" writes the results later.");
            }

            if (result.GetValue(files) is { Length: > 1 } several && several.Contains("-"))
            {
                result.AddError("Standard input (-) can't be given together with files.");
            }
        });
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            var isInput = parsed.GetValue(files) is not { Length: > 0 } given || given is ["-"];
            using var client = context.NewPatientClient();
            return await new BatchRunner(context, client).RunAsync(
                new RunPlan
                {
                    Files = isInput ? [] : parsed.GetValue(files)!,
                    CopyCalls = isInput ? CopyInputAsync : null,
                    Format = parsed.GetValue(format),
                    Template = ReadTemplate(parsed.GetValue(template)),
                    Shape = new OutputShape { Headers = parsed.GetValue(headers) },
                    Output = parsed.GetValue(output),
                    Overwrite = parsed.GetValue(overwrite),
                    IsDetached = parsed.GetValue(detach),
                    NotifyUrl = parsed.GetValue(notify),
                },
                cancellationToken);
        });
        return command;
    }

    private static async Task CopyInputAsync(Stream copy, CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(copy, cancellationToken);
    }

    private static string? ReadTemplate(string? template) =>
        template?.StartsWith('@') == true ? File.ReadAllText(template[1..]) : template;
}
