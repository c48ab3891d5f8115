using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Benchmarks.Driver;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Batching.Benchmarks.Security;

/// <summary>
/// Whether the time of a 404 tells a batch of another owner from one that never was. Calls with ids of both kinds take
/// turns on one connection, in an order that is drawn for each round; ids that never were come twice, which shows what
/// differs by chance.
/// </summary>
internal static class OwnerTimingFigure
{
    private const int Ids = 50;
    private const int LargeBatch = 1_000;
    private const int WarmUp = 500;
    private const int Rounds = 4_000;
    private const int Seed = 20;
    private const string Owner = "Bearer owner";
    private const string Other = "Bearer other";

    private static readonly string[] Kinds =
        ["no such batch", "no such batch, again", "another owner's, done", "another owner's, 1,000 requests", "another owner's, running"];

    private static readonly (string Method, string Path)[] Calls =
    [
        ("GET", "/status"), ("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", ""),
    ];

    public static async Task RunAsync()
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var apiPort = ChildProcess.FreePort();
        await using var api = CreateApi(apiPort);
        await api.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(apiPort, new Dictionary<string, string>
        {
            // What runs is to run to the end of the figure, and not to hold up that.
            ["Batch__Upstreams__0__Prefix"] = "/slow",
            ["Batch__Upstreams__0__BaseAddress"] = $"http://127.0.0.1:{apiPort}",
            ["Batch__Upstreams__0__Timeout"] = "01:00:00",
            ["Batch__ShutdownGrace"] = "00:00:00",
        });
        await MeasureAsync(gateway.Port);
    }

    private static async Task MeasureAsync(int port)
    {
        var random = new Random(Seed);
        using var connection = new LoadConnection();
        await connection.ConnectAsync(port);
        var ids = new List<string>[]
        {
            Unknown(random),
            Unknown(random),
            await SubmitAsync(connection, Enumerable.Repeat("item", 20)),
            await SubmitAsync(connection, Enumerable.Repeat("item", LargeBatch)),
            await SubmitAsync(connection, ["slow"]),
        };
        await WaitUntilDoneAsync(connection, ids[2][^1]);
        await WaitUntilDoneAsync(connection, ids[3][^1]);

        Console.WriteLine($"| call, median µs (from the 25th to the 75th percentile) | {string.Join(" | ", Kinds)} |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", Kinds.Length))}");
        foreach (var (method, path) in Calls)
        {
            var times = Kinds.Select(_ => new Series()).ToArray();
            var order = Enumerable.Range(0, Kinds.Length).ToArray();
            for (var round = 0; round < WarmUp + Rounds; round++)
            {
                random.Shuffle(order);
                foreach (var kind in order)
                {
                    var request = Request(method, ids[kind][round % Ids] + path, Other);
                    var started = Stopwatch.GetTimestamp();
                    await connection.SendAsync(request);
                    if (round >= WarmUp)
                    {
                        times[kind].Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
                    }

                    if (connection.Reply.IndexOf("\"NOT_FOUND\""u8) < 0)
                    {
                        throw new InvalidOperationException(Encoding.UTF8.GetString(connection.Reply));
                    }
                }
            }

            Console.WriteLine($"| `{method} …/{{id}}{path}` | {string.Join(" | ", times.Select(Describe))} |");
        }
    }

    private static string Describe(Series times) => string.Create(
        CultureInfo.InvariantCulture,
        $"{times.Median:0.0} ({times.Percentile(25):0.0}–{times.Percentile(75):0.0})");

    // Ids are 16 digits below 2^53.
    private static List<string> Unknown(Random random) =>
    [
        .. Enumerable.Range(0, Ids).Select(_ =>
            random.NextInt64(1_000_000_000_000_000, 1L << 53).ToString(CultureInfo.InvariantCulture)),
    ];

    private static async Task<List<string>> SubmitAsync(LoadConnection connection, IEnumerable<string> paths)
    {
        var body = JsonSerializer.Serialize(paths.Select(path => new { path }));
        var ids = new List<string>();
        for (var i = 0; i < Ids; i++)
        {
            await connection.SendAsync(Request("POST", "", Owner, body));

            // The first one is the batch's. A long reply comes in chunks, which are no JSON as they are.
            var id = connection.Reply.IndexOf("\"id\":\""u8) + "\"id\":\"".Length;
            ids.Add(Encoding.ASCII.GetString(connection.Reply.Slice(id, 16)));
        }

        return ids;
    }

    // Owners' batches take turns: the last one is done when all of them nearly are.
    private static async Task WaitUntilDoneAsync(LoadConnection connection, string id)
    {
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            await connection.SendAsync(Request("GET", $"{id}/status", Owner));
        }
        while (connection.Reply.IndexOf("\"runningRequests\":0"u8) < 0);
    }

    // With suppressed codes, because the connection takes replies of status 200 only.
    private static byte[] Request(string method, string path, string authorization, string body = "") =>
        Encoding.ASCII.GetBytes(
            $"{method} /api/v0/batch{(path.Length > 0 ? "/" : "")}{path}?suppress_response_codes=true HTTP/1.1\r\n"
            + $"Host: localhost\r\nAuthorization: {authorization}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static WebApplication CreateApi(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var api = builder.Build();
        api.Run(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await Task.Delay(TimeSpan.FromMinutes(10), TimeProvider.System, context.RequestAborted);
            }

            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"name": "item"}""");
        });
        return api;
    }
}
