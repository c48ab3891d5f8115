using System.Collections.Concurrent;
using System.Diagnostics;

namespace Batching.Rest.Tests.Infrastructure;

/// <summary>The gateway as its operators run it: a process of its own, with an empty data directory.</summary>
internal sealed class GatewayProcess : IDisposable
{
    // Where the gateway is, if not beside the tests: so another build can be recorded or compared.
    private const string DirectoryVariable = "BATCH_SERVER_DIRECTORY";

    // What it says when it serves. A port that is chosen here could be another process's until the gateway has it.
    private const string Listening = "Now listening on: http://";
    private const string Started = "Application started.";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TemporaryDirectory _data = new();
    private readonly Process _process;

    private GatewayProcess(string api, string configuration)
    {
        var directory = Environment.GetEnvironmentVariable(DirectoryVariable) ?? AppContext.BaseDirectory;
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(directory, "Batching.Server.dll")])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Batch__DataDirectory"] = _data.FullName;
        start.Environment["Batch__Upstreams__0__BaseAddress"] = api;

        // One request at a time: results come in the order in which they were asked for.
        start.Environment["Batch__Upstreams__0__MaxConcurrency"] = "1";
        start.Environment["Batch__Upstreams__0__AdaptiveConcurrency"] = "false";
        foreach (var setting in configuration.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = setting.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Exited += (_, _) => _started.TrySetException(new InvalidOperationException("It has ended."));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Address and port.</summary>
    public string Authority { get; private set; } = "";

    /// <summary>Starts a gateway and waits until it serves.</summary>
    /// <param name="api">Address of the API behind it.</param>
    /// <param name="configuration">Environment variables, separated by blanks.</param>
    public static async Task<GatewayProcess> StartAsync(string api, string configuration)
    {
        var gateway = new GatewayProcess(api, configuration);
        try
        {
            await gateway._started.Task.WaitAsync(StartDeadline);
            return gateway;
        }
        catch (Exception exception)
        {
            gateway.Dispose();
            throw new InvalidOperationException(
                $"The gateway did not start:\n{string.Join('\n', gateway._output)}", exception);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _data.Dispose();
    }

    private void Read(string line)
    {
        _output.Enqueue(line);
        if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var index)
        {
            Authority = line[(index + Listening.Length)..];
        }
        else if (line.Contains(Started, StringComparison.Ordinal))
        {
            _started.TrySetResult();
        }
    }
}
