using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text;

namespace Batching.Server.Keyed.Tests.Infrastructure;

/// <summary>
/// The gateway as its operators run it: a process of its own with an empty data directory. It must not have logged any
/// error when it is disposed.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    public const string BatchPath = "/api/v2/batch";

    private const string Listening = "Now listening on: ";

    private static readonly string Program = Path.Combine(
        typeof(Gateway).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "ServerFolder").Value!,
        "Batching.Server.dll");

    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("batch-keyed-tests-");
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private Gateway(string upstream, string[] settings)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = _data.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            Program,
            "--environment=Production",
            "--urls=http://127.0.0.1:0",
            $"--Batch:DataDirectory={_data.FullName}/data",
            $"--Batch:Upstreams:0:BaseAddress={upstream}",
            .. settings,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("ASPNETCORE_URLS");
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Address { get; private set; } = "";

    public HttpClient Client { get; private set; } = null!;

    public string Output => string.Join('\n', _output);

    private IEnumerable<string> Errors => _output.Where(line =>
        line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal));

    /// <summary>Starts a gateway in front of an API and waits until it is ready.</summary>
    public static async Task<Gateway> StartAsync(string upstream, params string[] settings)
    {
        var gateway = new Gateway(upstream, settings);
        await Eventually.BeTrueAsync(
            () =>
            {
                Assert.False(gateway._process.HasExited, gateway.Output);
                var line = gateway._output.FirstOrDefault(line => line.Contains(Listening, StringComparison.Ordinal));
                gateway.Address = line is null ? "" : line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..];
                return gateway.Output.Contains("Application started", StringComparison.Ordinal);
            },
            "the gateway listens");
        gateway.Client = new HttpClient { BaseAddress = new Uri(gateway.Address) };
        return gateway;
    }

    /// <summary>Starts a gateway that must refuse to start, and returns what it says.</summary>
    public static async Task<string> FailToStartAsync(string upstream, params string[] settings)
    {
        var gateway = new Gateway(upstream, settings);
        await Eventually.BeTrueAsync(() => gateway._process.HasExited, "the gateway has given up");
        await gateway._process.WaitForExitAsync();
        Assert.NotEqual(0, gateway._process.ExitCode);
        gateway._data.Delete(recursive: true);
        return gateway.Output;
    }

    /// <summary>Runs a batch, and returns the reply as it came.</summary>
    public async Task<string> PostAsync(string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.PostAsync(BatchPath, new StringContent(json, Encoding.UTF8));
        return await ReadAsync(response, expected);
    }

    /// <summary>Runs a batch that is in the query.</summary>
    public async Task<string> GetAsync(string query, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await Client.GetAsync(BatchPath + query);
        return await ReadAsync(response, expected);
    }

    /// <summary>Tells it to stop, as an operator does.</summary>
    public void BeginStop()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            BeginStop();
            using var deadline = new CancellationTokenSource(StopDeadline);
            await _process.WaitForExitAsync(deadline.Token);
        }

        _process.Dispose();
        _data.Delete(recursive: true);
        Assert.Empty(Errors);
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return text;
    }
}
