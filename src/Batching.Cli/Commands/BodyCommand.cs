using System.CommandLine;

namespace Batching.Cli.Commands;

/// <summary><c>batch body</c>: writes the body of one response as it is.</summary>
internal static class BodyCommand
{
    public static Command Create(SharedOptions shared)
    {
        var id = BatchIdArgument.Create();
        var request = new Argument<string>("REQUEST") { Description = "The id of the request: 16 digits." };
        var command = new Command("body", "Writes the body of one response to standard output, byte for byte as the API sent it.")
        {
            id, request,
        };
        shared.SetAction(command, async (context, parsed, cancellationToken) =>
        {
            using var client = context.NewPatientClient();
            await client.Open(parsed.GetValue(id)!).CopyBodyToAsync(
                parsed.GetValue(request)!, context.Output, cancellationToken: cancellationToken);
            return ExitCode.Success;
        });
        return command;
    }
}
