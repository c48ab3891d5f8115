using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Batching.Interop.Tests;

/// <summary>Runs a program to its end.</summary>
internal static class ExternalProgram
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The exit code, and what was written to standard output and error, line by line as it came. A
    /// program that is not there, or takes longer than three minutes, has the exit code -1.
    /// </summary>
    public static Task<(int ExitCode, string Output)> RunAsync(string name, params string[] arguments)
        => RunAsync(name, arguments, new Dictionary<string, string>());

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    /// <param name="name">The program.</param>
    /// <param name="arguments">What it is given.</param>
    /// <param name="environment">What its environment has beside this process's.</param>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        foreach (var (variable, value) in environment)
        {
            process.StartInfo.Environment[variable] = value;
        }

        var output = new StringBuilder();
        void Write(object _, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }

        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            return (-1, missing.Message);
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{output}\n{name} took longer than {Deadline}");
        }

        return (process.ExitCode, output.ToString());
    }
}
