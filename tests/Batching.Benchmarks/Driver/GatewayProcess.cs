namespace Batching.Benchmarks.Driver;

/// <summary>The gateway as a process of its own, with the default settings and a fresh data directory.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _data;

    private GatewayProcess(ChildProcess process, DirectoryInfo data, int port)
    {
        _process = process;
        _data = data;
        Port = port;
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>Processor time that it has taken so far.</summary>
    public TimeSpan ProcessorTime => _process.ProcessorTime;

    /// <summary>The most physical memory that it ever held, in bytes.</summary>
    public long PeakResidentBytes => _process.PeakResidentBytes;

    /// <summary>What its data directory holds, in bytes.</summary>
    public long StoredBytes => _data.EnumerateFiles().Sum(file => file.Length);

    /// <summary>Starts it before an API on this machine.</summary>
    /// <param name="upstream">The API's port.</param>
    /// <param name="settings">What is not as by default, as environment variables have it: <c>Batch__Limits__…</c>.</param>
    /// <param name="folder">Where another build of it is.</param>
    /// <param name="hasUpstreams">Whether the settings say where the API is.</param>
    public static async Task<GatewayProcess> StartAsync(
        int upstream, IReadOnlyDictionary<string, string>? settings = null, string? folder = null, bool hasUpstreams = false)
    {
        var port = ChildProcess.FreePort();
        var data = Directory.CreateTempSubdirectory("batch-benchmark-");
        var environment = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Batch__DataDirectory"] = data.FullName,
            ["Logging__LogLevel__Default"] = "Warning",
        };
        if (!hasUpstreams)
        {
            environment["Batch__Upstream"] = $"http://127.0.0.1:{upstream}";
        }

        var process = await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            environment,
            Path.Combine(folder ?? Folders.Server, "Batching.Server.dll"));
        return new GatewayProcess(process, data, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _data.Delete(recursive: true);
    }
}
