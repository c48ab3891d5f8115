using System.Text;
using System.Text.Json;
using Batching.Benchmarks.Graph;

namespace Batching.Benchmarks.Keyed;

/// <summary>A batch endpoint in a process of its own.</summary>
internal sealed class Contender : IAsyncDisposable
{
    private static readonly string Others = Path.Combine(Folders.Project, "Keyed", "Others");

    private readonly ChildProcess _process;
    private readonly DirectoryInfo? _data;

    private Contender(string name, ChildProcess process, int port, string path, object body, DirectoryInfo? data = null)
    {
        Name = name;
        _process = process;
        _data = data;
        Port = port;
        var json = JsonSerializer.SerializeToUtf8Bytes(body);
        Request = (byte[])
        [
            .. Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n"),
            .. json,
        ];
    }

    public string Name { get; }

    public int Port { get; }

    /// <summary>A whole batch as it goes over the wire.</summary>
    public ReadOnlyMemory<byte> Request { get; }

    public TimeSpan ProcessorTime => _process.ProcessorTime;

    public Series Rate { get; } = new();

    public Series P99 { get; } = new();

    public Series Cpu { get; } = new();

    public Series UpstreamCpu { get; } = new();

    public Series OtherCores { get; } = new();

    public static Task<Contender> StartGatewayAsync(int upstream, int calls) => StartGatewayAsync(
        upstream,
        "Batch",
        "/api/v2/batch",
        Enumerable.Range(0, calls).ToDictionary(i => $"k{i}", i => $"/items/{i}"),
        new Dictionary<string, string>());

    /// <summary>The gateway with the batches of Graph, in front of the service that <see cref="StartODataAsync"/> starts.</summary>
    /// <param name="upstream">The service's port.</param>
    /// <param name="calls">Calls in a batch.</param>
    /// <param name="places">Calls that the service gets at a time; null for as many as by default.</param>
    public static Task<Contender> StartGraphAsync(int upstream, int calls, int? places = null)
    {
        var settings = new Dictionary<string, string>
        {
            ["Batch__Dialects__Graph__Enabled"] = "true",
            ["Batch__Dialects__Graph__BasePath"] = ODataService.BasePath,
        };
        if (places is not null)
        {
            settings["Batch__Upstreams__0__BaseAddress"] = $"http://127.0.0.1:{upstream}";
            settings["Batch__Upstreams__0__MaxConcurrency"] = $"{places}";
            settings["Batch__Upstreams__0__OwnerPercent"] = "100";
        }

        return StartGatewayAsync(
            places is null ? upstream : null,
            places is null ? "Batch" : $"Batch, {places} calls at a time",
            $"{ODataService.BasePath}/$batch",
            GraphBody(calls),
            settings);
    }

    /// <summary>A service of Microsoft's library for OData, with its own batches.</summary>
    public static async Task<Contender> StartODataAsync(int calls)
    {
        var port = ChildProcess.FreePort();
        var process = await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            new Dictionary<string, string>(),
            typeof(Contender).Assembly.Location,
            "odata-service",
            $"{port}");
        return new Contender("Microsoft.AspNetCore.OData", process, port, $"{ODataService.BasePath}/$batch", GraphBody(calls));
    }

    private static object GraphBody(int calls) => new
    {
        requests = Enumerable.Range(0, calls).Select(i => new { id = $"{i}", method = "GET", url = $"Operations({i})" }),
    };

    private static async Task<Contender> StartGatewayAsync(
        int? upstream, string name, string path, object body, Dictionary<string, string> settings)
    {
        var port = ChildProcess.FreePort();
        var data = Directory.CreateTempSubdirectory("batch-benchmark-");
        var environment = new Dictionary<string, string>(settings)
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Batch__DataDirectory"] = data.FullName,
            ["Logging__LogLevel__Default"] = "Warning",
        };
        if (upstream is not null)
        {
            environment["Batch__Upstream"] = $"http://127.0.0.1:{upstream}";
        }

        var process = await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            environment,
            Path.Combine(Folders.Server, "Batching.Server.dll"));
        return new Contender(name, process, port, path, body, data);
    }

    public static async Task<Contender> StartExpressAsync(int upstream, int calls)
    {
        var port = ChildProcess.FreePort();
        var process = await StartNodeAsync("express.mjs", port, upstream);

        // "forever" is how this one's HTTP client is told to keep connections.
        var body = Enumerable.Range(0, calls).ToDictionary(
            i => $"k{i}",
            i => new { method = "GET", url = $"http://127.0.0.1:{upstream}/items/{i}", forever = true });
        return new Contender("batch-request", process, port, "/batch", body);
    }

    public static async Task<Contender> StartHapiAsync(int upstream, int calls)
    {
        var port = ChildProcess.FreePort();
        var process = await StartNodeAsync("hapi.mjs", port, upstream);
        var body = new { requests = Enumerable.Range(0, calls).Select(i => new { method = "get", path = $"/items/{i}" }) };
        return new Contender("bassmaster", process, port, "/batch", body);
    }

    /// <summary>Makes one batch and looks whether every call's body is in the reply.</summary>
    public async Task CheckAsync(int calls)
    {
        using var connection = new LoadConnection();
        await connection.ConnectAsync(Port);
        await connection.SendAsync(Request);
        var found = Encoding.UTF8.GetString(connection.Reply).Split("xxxxxxxxxx\"").Length - 1;
        if (found != calls)
        {
            throw new InvalidOperationException($"{Name} answered {found} of {calls} calls: {Encoding.UTF8.GetString(connection.Reply)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _data?.Delete(recursive: true);
    }

    private static Task<ChildProcess> StartNodeAsync(string script, int port, int upstream) => ChildProcess.StartAsync(
        port, "node", new Dictionary<string, string>(), Path.Combine(Others, script), $"{port}", $"{upstream}");
}
