using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Batching.Benchmarks.Driver;

namespace Batching.Benchmarks.Gateways;

/// <summary>
/// The calls that three gateways make for one batch, or for many, beside those of one gateway: on one PostgreSQL, at an API that takes
/// its time.
/// </summary>
internal static class GatewaysFigure
{
    private const int Calls = 60_000;
    private const int Places = 64;

    private static readonly TimeSpan Answer = TimeSpan.FromMilliseconds(20);

    /// <param name="connection">The connection string of an empty database.</param>
    /// <param name="rounds">How often each is measured.</param>
    /// <param name="batches">How many batches the calls are in.</param>
    public static async Task RunAsync(string connection, int rounds, int batches)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var port = ChildProcess.FreePort();
        await using var api = new SlowApi(port, Nginx.Body, Answer);
        await api.StartAsync();
        // Made with mode 0600, which the gateway insists on.
        var keyFile = Path.GetTempFileName();
        await File.WriteAllBytesAsync(keyFile, RandomNumberGenerator.GetBytes(32));
        var (one, three, ratio) = (new Series(), new Series(), new Series());
        for (var round = -1; round < rounds; round++)
        {
            var single = await MeasureAsync(1);
            var triple = await MeasureAsync(3);
            if (round >= 0)
            {
                one.Add(single);
                three.Add(triple);
                ratio.Add(triple / single);
            }
        }

        File.Delete(keyFile);
        Console.WriteLine();
        Console.WriteLine($"| {Calls} calls in {batches} | calls/s |");
        Console.WriteLine("|---|---|");
        Console.WriteLine($"| one gateway | {one.ToText("0")} |");
        Console.WriteLine($"| three gateways | {three.ToText("0")} |");
        Console.WriteLine($"| times | {ratio.ToText("0.00")}, goal 2.7 |");

        async Task<double> MeasureAsync(int count)
        {
            var gateways = new List<(ChildProcess Process, int Port)>();
            for (var i = 0; i < count; i++)
            {
                gateways.Add(await StartAsync(connection, keyFile, port));
            }

            BatchCaller[] callers = [.. gateways.Select(gateway => new GrpcBatchCaller(gateway.Port, Nginx.Body))];

            // Warms each of them up.
            await Task.WhenAll(callers.Select(caller => RunAsync([caller], Submission.OfGets(4_000), 2)));
            var submission = Submission.OfGets(Calls / batches);
            var watch = Stopwatch.StartNew();
            await RunAsync(callers, submission, batches);
            var elapsed = watch.Elapsed;
            foreach (var caller in callers)
            {
                caller.Dispose();
            }

            foreach (var (process, _) in gateways)
            {
                await process.DisposeAsync();
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{count}: {Calls / elapsed.TotalSeconds:0} calls/s"));
            return Calls / elapsed.TotalSeconds;
        }
    }

    // All at once, in turn over the gateways.
    private static Task RunAsync(BatchCaller[] callers, Submission submission, int batches) =>
        Task.WhenAll(Enumerable.Range(0, batches).Select(i => Task.Run(async () =>
        {
            var caller = callers[i % callers.Length];
            await caller.FetchAllAsync(await caller.SubmitAsync(submission), submission.Count);
        })));

    private static async Task<(ChildProcess Process, int Port)> StartAsync(string connection, string keyFile, int upstream)
    {
        var port = ChildProcess.FreePort();
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["Batch__DataDirectory"] = "",
            ["Batch__Store__Postgres"] = connection,
            ["Batch__Store__MasterKeyFile"] = keyFile,
            ["Batch__Upstreams__0__Prefix"] = "/",
            ["Batch__Upstreams__0__BaseAddress"] = $"http://127.0.0.1:{upstream}",
            ["Batch__Upstreams__0__MaxConcurrency"] = Places.ToString(CultureInfo.InvariantCulture),
            ["Batch__Upstreams__0__OwnerPercent"] = "100",
            ["Batch__Limits__RequestsPerBatch"] = Calls.ToString(CultureInfo.InvariantCulture),
            ["Batch__Quotas__Streams"] = "1000",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        return (await ChildProcess.StartAsync(
            port,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            environment,
            Path.Combine(Folders.Server, "Batching.Server.dll")), port);
    }
}
