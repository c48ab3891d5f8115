using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Batching.Interop.Tests.Proxies;

/// <summary>A proxy of this machine as a process of its own, with all its files in a fresh folder.</summary>
internal sealed class ProxyProcess : IDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("batch-proxy-");
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private ProxyProcess(ProxyKind proxy, ProxySettings settings, ProxyAddresses addresses)
    {
        Addresses = addresses;
        var file = Path.Combine(_folder.FullName, "configuration");
        File.WriteAllText(file, ProxyConfiguration.Write(proxy, settings, addresses, _folder.FullName));
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(Tools.Proxies[proxy], proxy switch
            {
                ProxyKind.Nginx => ["-c", file, "-e", Path.Combine(_folder.FullName, "error.log")],
                ProxyKind.HaProxy => ["-f", file, "-db"],
                _ => ["run", "--config", file, "--adapter", "caddyfile"],
            })
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = _folder.FullName,

                // Where Caddy keeps what it remembers.
                Environment = { ["HOME"] = _folder.FullName, ["XDG_CONFIG_HOME"] = "", ["XDG_DATA_HOME"] = "" },
            },
        };
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public ProxyAddresses Addresses { get; }

    /// <summary>Starts one and waits until it listens.</summary>
    public static async Task<ProxyProcess> StartAsync(ProxyKind proxy, ProxySettings settings, ProxyAddresses addresses)
    {
        var process = new ProxyProcess(proxy, settings, addresses);
        try
        {
            await process.WaitUntilListeningAsync();
            return process;
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task WaitUntilListeningAsync()
    {
        var started = Stopwatch.StartNew();
        while (!await AcceptsAsync(Addresses.RestPort) || !await AcceptsAsync(Addresses.GrpcPort))
        {
            if (_process.HasExited || started.Elapsed > StartDeadline)
            {
                throw new TimeoutException(
                    $"{_process.StartInfo.FileName} did not listen after {started.Elapsed}:\n{string.Join('\n', _output)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
