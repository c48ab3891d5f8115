using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Testing;

/// <summary>
/// The gateway as its operators run it: a process of its own, which can be killed and started again on its data. It
/// listens on ports of its own choice, the same after a restart.
/// </summary>
public sealed class GatewayProcess : IAsyncDisposable, IDisposable
{
    // The folder of another build, to be recorded or compared.
    private const string FolderVariable = "BATCH_SERVER_DIRECTORY";

    private const string Listening = "Now listening on: ";
    private const string Started = "Application started.";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ExitDeadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _data = new();
    private readonly Dictionary<string, string> _environment;
    private ConcurrentQueue<string> _addresses = new();
    private TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process _process;
    private RestClient? _rest;
    private GrpcChannel? _channel;

    private GatewayProcess(IEnumerable<KeyValuePair<string, string>> settings)
    {
        _environment = new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["Batch__DataDirectory"] = Path.Combine(_data.FullName, "data"),
        };
        foreach (var (name, value) in settings)
        {
            _environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        _process = Run();
    }

    /// <summary>Where the server's program is.</summary>
    public static string Folder { get; } = Path.GetFullPath(
        Environment.GetEnvironmentVariable(FolderVariable)
        ?? typeof(GatewayProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "ServerFolder").Value!);

    /// <summary>The first address at which it listens.</summary>
    public string Address => _addresses.First();

    /// <summary>All addresses at which it listens.</summary>
    public IReadOnlyCollection<string> Addresses => _addresses;

    /// <summary>Its data, unless a setting has named another directory.</summary>
    public string DataDirectory => _environment["Batch__DataDirectory"];

    /// <summary>A caller of the first address, without credential.</summary>
    public RestClient Rest => _rest ??= new RestClient(Address);

    /// <inheritdoc cref="Rest"/>
    public BatchService.BatchServiceClient Grpc => new(_channel ??= GrpcChannel.ForAddress(Address));

    /// <summary>Resident memory of the process.</summary>
    public long ResidentBytes => Refreshed().WorkingSet64;

    /// <summary>The most memory that the process has had.</summary>
    public long PeakMemoryBytes => Refreshed().PeakWorkingSet64;

    /// <summary>The size of its store on the disk.</summary>
    public long StoreBytes => new DirectoryInfo(DataDirectory).EnumerateFiles("batch.db*").Sum(file => file.Length);

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>All that its processes have written.</summary>
    public string Output => string.Join('\n', Lines);

    /// <summary>The lines at which an error or worse begins in its log.</summary>
    public IReadOnlyList<string> Errors => [.. Lines.Where(line =>
        line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal))];

    private ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Starts a gateway and waits until it serves.</summary>
    /// <param name="settings">Its settings, as <c>Batch:Upstream</c> or as <c>Batch__Upstream</c>, and other variables.</param>
    public static async Task<GatewayProcess> StartAsync(IReadOnlyDictionary<string, string> settings)
    {
        var gateway = Launch(settings);
        try
        {
            await gateway.WaitUntilStartedAsync();
            return gateway;
        }
        catch
        {
            gateway.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="StartAsync(IReadOnlyDictionary{string, string})"/>
    public static Task<GatewayProcess> StartAsync(params IEnumerable<(string Key, string Value)> settings) =>
        StartAsync(settings.ToDictionary(setting => setting.Key, setting => setting.Value));

    /// <summary>Starts a gateway in front of an API.</summary>
    public static Task<GatewayProcess> StartAsync(TestApi api, TemporaryDirectory data) =>
        StartAsync(("Batch:Upstream", api.Address), ("Batch:DataDirectory", data.FullName));

    /// <summary>Starts a gateway that may well end by itself, and does not wait.</summary>
    public static GatewayProcess Launch(IReadOnlyDictionary<string, string> settings) => new(settings);

    /// <summary>Starts it again on the same data and at the same addresses, after it has ended.</summary>
    public async Task RestartAsync()
    {
        Assert.True(_process.HasExited, "The gateway is still running.");
        _process.Dispose();
        _environment["ASPNETCORE_URLS"] = string.Join(';', _addresses);
        _addresses = new();
        _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = Run();
        await WaitUntilStartedAsync();
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>kill -TERM, without waiting.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>kill -STOP: it does nothing until <see cref="ResumeAsync"/>, and its connections stay.</summary>
    public Task SuspendAsync() => SignalAsync("STOP");

    /// <summary>kill -CONT.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    /// <summary>Waits for the end of the process.</summary>
    /// <param name="within">How long; 30 s if nothing is said.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? ExitDeadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The gateway did not end within {within ?? ExitDeadline}:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Fails with all that it has written if there is an error or worse in it.</summary>
    public void AssertNoErrors() => Assert.True(Errors.Count == 0, $"The gateway has logged an error:\n{Output}");

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        _rest?.Dispose();
        _channel?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _data.Dispose();
    }

    private async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private Process Run()
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Path.Combine(Folder, "Batching.Server.dll")])
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        var (addresses, started) = (_addresses, _started);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Read(line.Data ?? "", addresses, started);
        process.ErrorDataReceived += (_, line) => Lines.Enqueue(line.Data ?? "");
        process.Exited += (_, _) => started.TrySetException(new InvalidOperationException($"The gateway did not start:\n{Output}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitUntilStartedAsync()
    {
        try
        {
            await _started.Task.WaitAsync(StartDeadline);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The gateway did not start within {StartDeadline}:\n{Output}");
        }
    }

    // A port that is chosen before the start could be another process's until the gateway has it; so it tells its own.
    private void Read(string line, ConcurrentQueue<string> addresses, TaskCompletionSource started)
    {
        Lines.Enqueue(line);
        if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var start)
        {
            // It may stand in JSON.
            addresses.Enqueue(line[(start + Listening.Length)..].Split('"')[0]);
        }
        else if (line.Contains(Started, StringComparison.Ordinal))
        {
            started.TrySetResult();
        }
    }

    private Process Refreshed()
    {
        _process.Refresh();
        return _process;
    }
}
