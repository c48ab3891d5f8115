using System.Collections.Concurrent;
using System.Diagnostics;

namespace Batching.CrashTests.Processes;

/// <summary>A .NET program that runs beside the tests, and never longer than they do.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const string ListeningMark = "Now listening on: ";

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<string> _listening =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process) => _process = process;

    /// <summary>Where it listens, once it does; an exception if it ends before.</summary>
    public Task<string> Listening => _listening.Task;

    /// <summary>What it has written, if that is kept.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Starts a program.</summary>
    /// <param name="assembly">Its path.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">What its environment has beside that of the tests.</param>
    /// <param name="onLine">Takes its lines, those about where it listens excepted; null to keep them.</param>
    public static ChildProcess Start(
        string assembly,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments])
        {
            WorkingDirectory = Path.GetDirectoryName(assembly),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, line) => child.OnLine(line.Data, onLine);
        child._process.ErrorDataReceived += (_, line) => child.OnLine(line.Data, null);
        AppDomain.CurrentDomain.ProcessExit += child.OnHarnessExit;
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        _ = child.WatchExitAsync();
        return child;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>kill -TERM.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>Sends a signal, such as <c>STOP</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Waits for its end, and until all that it wrote is here.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnHarnessExit;
        Kill();
        _process.Dispose();
    }

    private void OnLine(string? line, Action<string>? onLine)
    {
        if (line is null)
        {
            return;
        }

        var mark = line.IndexOf(ListeningMark, StringComparison.Ordinal);
        if (mark >= 0)
        {
            _listening.TrySetResult(line[(mark + ListeningMark.Length)..]);
        }
        else if (onLine is null)
        {
            _lines.Enqueue(line);
        }
        else
        {
            onLine(line);
        }
    }

    private async Task WatchExitAsync()
    {
        await _process.WaitForExitAsync();
        if (_listening.TrySetException(new InvalidOperationException(
            $"The process ended before it listened:\n{string.Join('\n', _lines)}")))
        {
            // A process that was killed on purpose has nobody who waits for it.
            _ = _listening.Task.Exception;
        }
    }

    private void OnHarnessExit(object? sender, EventArgs e) => Kill();
}
