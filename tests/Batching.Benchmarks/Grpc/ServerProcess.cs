using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Grpc;

/// <summary>One of the servers in a process of its own: this program once more.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string AllocatedPath = "/allocated";

    private static readonly HttpClient Client = new();

    private readonly ChildProcess _process;

    private ServerProcess(string name, ChildProcess process, int http1, int http2)
    {
        Name = name;
        _process = process;
        Http1Port = http1;
        Http2Port = http2;
    }

    public string Name { get; }

    public int Http1Port { get; }

    public int Http2Port { get; }

    public TimeSpan ProcessorTime => _process.ProcessorTime;

    public static async Task<ServerProcess> StartAsync(string name)
    {
        var http1 = ChildProcess.FreePort();
        var http2 = ChildProcess.FreePort();
        var process = await ChildProcess.StartAsync(
            http2,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            new Dictionary<string, string>(),
            typeof(ServerProcess).Assembly.Location,
            "grpc-server",
            name,
            $"{http1}",
            $"{http2}");
        return new ServerProcess(name, process, http1, http2);
    }

    /// <summary>Is that process.</summary>
    public static Task RunAsync(string name, int http1, int http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, http1, static listen => listen.Protocols = HttpProtocols.Http1);
            options.Listen(IPAddress.Loopback, http2, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        if (name is "ours" or "ours-singleton")
        {
            builder.Services.AddGrpc().AddJsonTranscoding();
        }

        if (name is "ours-singleton")
        {
            builder.Services.AddSingleton<BenchmarkRpcService>();
        }

        var app = builder.Build();
        app.Use(static (context, next) => context.Request.Path == AllocatedPath
            ? context.Response.WriteAsync($"{GC.GetTotalAllocatedBytes(precise: true)}")
            : next(context));
        switch (name)
        {
            case "frames":
                BareEndpoints.AnswerFrames(app);
                break;
            case "json":
                BareEndpoints.MapJson(app);
                break;
            default:
                app.MapGrpcService<BenchmarkRpcService>();
                break;
        }

        return app.RunAsync();
    }

    /// <summary>Bytes that the process has allocated on the managed heap since its start.</summary>
    public async Task<long> GetAllocatedBytesAsync()
    {
        var text = await Client.GetStringAsync(new Uri($"http://127.0.0.1:{Http1Port}{AllocatedPath}"));
        return long.Parse(text, CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
