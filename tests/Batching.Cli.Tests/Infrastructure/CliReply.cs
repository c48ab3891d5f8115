using System.Text.Json;

namespace Batching.Cli.Tests.Infrastructure;

/// <summary>What a command has said.</summary>
internal sealed record CliReply(int Code, string Output, string Error)
{
    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines of standard output, which are JSON.</summary>
    public JsonElement[] Json => [.. Lines.Select(line => JsonElement.Parse(line))];
}
