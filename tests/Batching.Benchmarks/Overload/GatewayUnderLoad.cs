using System.Text;

namespace Batching.Benchmarks.Overload;

/// <summary>A gateway in a process of its own, with an empty data directory.</summary>
internal sealed class GatewayUnderLoad : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _data;

    private GatewayUnderLoad(ChildProcess process, int port, DirectoryInfo data)
    {
        _process = process;
        _data = data;
        Address = new Uri($"http://127.0.0.1:{port}");
    }

    public Uri Address { get; }

    public TimeSpan ProcessorTime => _process.ProcessorTime;

    public static async Task<GatewayUnderLoad> StartAsync(int upstream, params (string Key, string Value)[] settings)
    {
        var port = ChildProcess.FreePort();
        var data = Directory.CreateTempSubdirectory("batch-benchmark-");
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Batch__DataDirectory"] = data.FullName,
            ["Batch__Upstreams__0__BaseAddress"] = $"http://127.0.0.1:{upstream}",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        foreach (var (key, value) in settings)
        {
            environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var process = await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            environment,
            Path.Combine(Folders.Server, "Batching.Server.dll"));
        return new GatewayUnderLoad(process, port, data);
    }

    /// <summary>A client of this gateway with so many connections and a credential of its own.</summary>
    public HttpClient CreateClient(string owner, int connections)
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections })
        {
            BaseAddress = Address,
        };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {owner}");
        return client;
    }

    /// <summary>The JSON of a batch of GETs.</summary>
    public static byte[] Batch(int requests) => Encoding.UTF8.GetBytes(
        $"[{string.Join(',', Enumerable.Range(0, requests).Select(i => $$"""{"path":"/items/{{i}}"}"""))}]");

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _data.Delete(recursive: true);
    }
}
