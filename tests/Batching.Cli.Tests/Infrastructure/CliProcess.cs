using System.Diagnostics;
using System.Reflection;

namespace Batching.Cli.Tests.Infrastructure;

/// <summary>The command as its users run it: a process of its own, which can be killed.</summary>
internal sealed class CliProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private CliProcess(IEnumerable<string> arguments, Uri url)
    {
        // A shell starts what runs in its background with Ctrl-C ignored, which is inherited down to here.
        var start = new ProcessStartInfo(
            "env",
            ["--default-signal=INT", Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["BATCH_URL"] = url.ToString();
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The path of the program.</summary>
    public static string Assembly { get; } = Path.GetFullPath(Path.Combine(
        typeof(CliProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "CliFolder").Value!,
        "batch.dll"));

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it.</summary>
    public static CliProcess Start(Uri url, params string[] arguments) => new(arguments, url);

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Ctrl-C.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, string Output, string Error)> WaitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        return (_process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
