using System.Collections.Concurrent;
using System.Diagnostics;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>The server as its operators run it: a process of its own, which can be killed.</summary>
public sealed class GatewayProcess : IDisposable
{
    private const string Listening = "Now listening on: ";

    private static readonly TimeSpan ExitDeadline = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;
    private RestClient? _rest;
    private GrpcChannel? _channel;

    private GatewayProcess(IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Batching.Server.dll")])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _address.TrySetException(
            new InvalidOperationException($"The gateway did not start:\n{Output}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where it listens, once it does.</summary>
    public string Address => _address.Task.Result;

    public RestClient Rest => _rest ??= new RestClient(Address);

    public BatchService.BatchServiceClient Grpc => new(_channel ??= GrpcChannel.ForAddress(Address));

    /// <summary>Resident memory of the process.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>What the process has written.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts a gateway with these environment variables and waits until it listens.</summary>
    public static async Task<GatewayProcess> StartAsync(IReadOnlyDictionary<string, string> environment)
    {
        var gateway = Launch(environment);
        try
        {
            await gateway._address.Task.WithDeadlineAsync("the gateway listens");
            return gateway;
        }
        catch
        {
            gateway.Dispose();
            throw;
        }
    }

    /// <summary>Starts a gateway in front of an API.</summary>
    public static Task<GatewayProcess> StartAsync(TestApi api, TemporaryDirectory data) =>
        StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
        });

    /// <summary>Starts a gateway that may well end by itself.</summary>
    public static GatewayProcess Launch(IReadOnlyDictionary<string, string> environment) => new(environment);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>kill -TERM, without waiting.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end of the process.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(ExitDeadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The gateway did not end within {ExitDeadline}:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Fails if the process has logged an error.</summary>
    public void AssertNoErrors() => Assert.False(
        _output.Any(line =>
            line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal)),
        $"The gateway has logged an error:\n{Output}");

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
    }

    private void Read(string? line)
    {
        _output.Enqueue(line ?? "");
        if (line?.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var start)
        {
            // It may stand in JSON.
            _address.TrySetResult(line[(start + Listening.Length)..].Split('"')[0]);
        }
    }
}
