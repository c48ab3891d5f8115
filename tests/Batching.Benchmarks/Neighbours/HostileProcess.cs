using System.Diagnostics;

namespace Batching.Benchmarks.Neighbours;

/// <summary>
/// The owner who misbehaves, in a process of its own and with a lower priority: what the quiet owner notices is then the
/// gateway's doing, not what a generator takes from a machine that both of them share.
/// </summary>
internal sealed class HostileProcess : IAsyncDisposable
{
    private const string Ready = "ready";
    private const string Go = "go";

    private readonly Process _process;

    private HostileProcess(Process process) => _process = process;

    /// <summary>Starts it. It has prepared what it needs, and waits.</summary>
    public static async Task<HostileProcess> StartAsync(Behaviour behaviour, string gateway)
    {
        var process = Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(HostileProcess).Assembly.Location, "hostile-owner", behaviour.GetType().Name, gateway])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.PriorityClass = ProcessPriorityClass.BelowNormal;
        if (await process.StandardOutput.ReadLineAsync() != Ready)
        {
            throw new InvalidOperationException($"The owner of {behaviour.Name} did not start.");
        }

        return new HostileProcess(process);
    }

    /// <summary>Lets it misbehave.</summary>
    public Task BeginAsync() => _process.StandardInput.WriteLineAsync(Go);

    /// <summary>Ends it with its connections.</summary>
    /// <returns>What became of its calls, most frequent first.</returns>
    public async Task<string> EndAsync()
    {
        _process.StandardInput.Close();
        var outcomes = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return outcomes.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>The program of that process.</summary>
    public static async Task ServeAsync(Behaviour behaviour, string gateway)
    {
        using var owner = new HostileOwner(gateway);
        await behaviour.PrepareAsync(owner);
        Console.WriteLine(Ready);
        if (await Console.In.ReadLineAsync() != Go)
        {
            return;
        }

        using var stop = new CancellationTokenSource();
        var noise = behaviour.RunAsync(owner, stop.Token);
        await Console.In.ReadToEndAsync();
        await stop.CancelAsync();
        await noise;
        Console.WriteLine(owner.Outcomes);
    }
}
