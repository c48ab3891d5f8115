using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Infrastructure;

/// <summary>The server as its operators run it: a process of its own, which can be killed.</summary>
public sealed class GatewayProcess : IDisposable
{
    private static readonly TimeSpan ExitDeadline = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;
    private readonly GrpcChannel _channel;

    private GatewayProcess(IReadOnlyDictionary<string, string> environment, string address)
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
        start.Environment["ASPNETCORE_URLS"] = address;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Address = address;
        Rest = new RestClient(address);
        _channel = GrpcChannel.ForAddress(address);
        Grpc = new BatchService.BatchServiceClient(_channel);
    }

    public string Address { get; }

    public RestClient Rest { get; }

    public BatchService.BatchServiceClient Grpc { get; }

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

    /// <summary>Starts a gateway with these environment variables and waits until it is ready.</summary>
    public static async Task<GatewayProcess> StartAsync(IReadOnlyDictionary<string, string> environment)
    {
        var gateway = Launch(environment);
        await Eventually.BeTrueAsync(
            async () =>
            {
                if (gateway._process.HasExited)
                {
                    throw new InvalidOperationException($"The gateway did not start:\n{gateway.Output}");
                }

                try
                {
                    return (await gateway.Rest.GetAsync("/healthz")).Status == 200;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the gateway is ready");
        return gateway;
    }

    /// <summary>Starts a gateway in front of an API.</summary>
    public static Task<GatewayProcess> StartAsync(TestApi api, TemporaryDirectory data) =>
        StartAsync(new Dictionary<string, string>
        {
            ["Batch__Upstream"] = api.Address,
            ["Batch__DataDirectory"] = data.FullName,
        });

    /// <summary>Starts a gateway that may well end by itself.</summary>
    public static GatewayProcess Launch(IReadOnlyDictionary<string, string> environment)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new GatewayProcess(environment, $"http://{listener.LocalEndpoint}");
    }

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
    public void AssertNoErrors() => Assert.DoesNotContain(_output, line =>
        line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal));

    public void Dispose()
    {
        Rest.Dispose();
        _channel.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
