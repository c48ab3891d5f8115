using System.CommandLine;
using System.CommandLine.Help;
using Batching.Cli.Commands;

namespace Batching.Cli;

/// <summary>The command line: its commands, and how they are called.</summary>
internal static class CommandLine
{
    /// <summary>Runs a command.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, Stream output, TextWriter error, TimeProvider time)
    {
        var root = NewRoot(output, error, time);
        var parsed = root.Parse(args);
        using var signals = new Signals();
        var code = await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Error = error,
            },
            signals.Stopped);
        return parsed.Errors.Count > 0 ? ExitCode.Usage
            : signals.ExitCode is { } stopped && code == ExitCode.Interrupted ? stopped
            : code;
    }

    private static RootCommand NewRoot(Stream output, TextWriter error, TimeProvider time)
    {
        var shared = new SharedOptions(output, error, time);
        var root = new RootCommand(
            "Runs calls as batches at a Batch gateway. The gateway is BATCH_URL or --url, the credential BATCH_TOKEN or --token.");
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            // Where paths begin with a slash, these would be completed in their place.
            help.Aliases.Remove("/h");
            help.Aliases.Remove("/?");
        }

        foreach (var option in shared.All)
        {
            root.Options.Add(option);
        }

        root.Subcommands.Add(RunCommand.Create(shared));
        root.Subcommands.Add(ResumeCommand.Create(shared));
        root.Subcommands.Add(StatusCommand.Create(shared));
        root.Subcommands.Add(WatchCommand.Create(shared));
        root.Subcommands.Add(ResultsCommand.Create(shared));
        root.Subcommands.Add(BodyCommand.Create(shared));
        root.Subcommands.Add(CancelCommand.Create(shared));
        root.Subcommands.Add(RemoveCommand.Create(shared));
        root.Subcommands.Add(ListCommand.Create(shared));
        root.Subcommands.Add(GetCommand.Create(shared));
        root.Subcommands.Add(WalkCommand.Create(shared));
        root.Subcommands.Add(DoctorCommand.Create(shared));
        root.Subcommands.Add(CompletionCommand.Create(shared));
        return root;
    }
}
