using System.Globalization;
using System.Text;

namespace Batching.Benchmarks;

/// <summary>nginx with one worker as the API: it answers every path with the same 1 KiB of JSON.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private static readonly byte[] Json =
        Encoding.UTF8.GetBytes($$"""{"id": 1, "name": "item", "text": "{{new string('x', 1024 - 39)}}"}""");

    private readonly DirectoryInfo _folder;
    private readonly ChildProcess _process;

    private Nginx(DirectoryInfo folder, ChildProcess process, int port)
    {
        _folder = folder;
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>What it answers.</summary>
    public static ReadOnlyMemory<byte> Body => Json;

    public static async Task<Nginx> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("batch-benchmark-nginx-");
        var port = ChildProcess.FreePort();
        var json = Encoding.UTF8.GetString(Json);
        var file = Path.Combine(folder.FullName, "nginx.conf");
        await File.WriteAllTextAsync(
            file,
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                daemon off;
                worker_processes 1;
                pid {{folder.FullName}}/pid;
                error_log {{folder.FullName}}/error.log;
                events { worker_connections 4096; }
                http {
                  access_log off;
                  keepalive_requests 100000000;
                  client_body_temp_path {{folder.FullName}}/body;
                  proxy_temp_path {{folder.FullName}}/proxy;
                  fastcgi_temp_path {{folder.FullName}}/fastcgi;
                  uwsgi_temp_path {{folder.FullName}}/uwsgi;
                  scgi_temp_path {{folder.FullName}}/scgi;
                  server {
                    listen 127.0.0.1:{{port}} backlog=4096;
                    default_type application/json;
                    location / { return 200 '{{json}}'; }
                  }
                }
                """));
        var process = await ChildProcess.StartAsync(
            port, "nginx", new Dictionary<string, string>(), "-c", file, "-e", Path.Combine(folder.FullName, "error.log"));
        return new Nginx(folder, process, port);
    }

    /// <summary>Processor time that the worker has taken so far.</summary>
    public TimeSpan ProcessorTime => ProcessorTimes.OfChildren(_process.Id) + _process.ProcessorTime;

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
