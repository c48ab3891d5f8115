using System.Diagnostics;

namespace Batching.Testing;

/// <summary>The server's program, run until it ends by itself.</summary>
public static class ServerProgram
{
    /// <summary>Runs it.</summary>
    /// <param name="folder">Where the program is.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Variables in addition to those of this process.</param>
    /// <param name="workingDirectory">Where it is started from; null for the program's own folder.</param>
    /// <returns>The exit code, and all that was written.</returns>
    public static async Task<(int Code, string Output)> RunAsync(
        string folder,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(folder, "Batching.Server.dll"), .. arguments])
        {
            WorkingDirectory = workingDirectory ?? folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WithDeadlineAsync("the program ends");
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
