using System.Text;

namespace Batching.Cli.Tests.Infrastructure;

/// <summary>The command inside of the tests.</summary>
internal static class Cli
{
    /// <summary>Runs it.</summary>
    /// <returns>The exit code, and what was written.</returns>
    public static async Task<CliReply> RunAsync(Uri url, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync([.. arguments, "--url", url.ToString()], output, error, TimeProvider.System);
        return new CliReply(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
