using System.Text.Json;
using Batching.Benchmarks.Grpc.V1;

namespace Batching.Benchmarks.Grpc;

/// <summary>The gRPC runtime and the transcoder beside Kestrel alone.</summary>
internal static class RuntimeFigures
{
    private const string Service = "/benchmark.v1.BenchmarkService";

    private static readonly byte[] EmptyFrame = Samples.Frame(new Item());

    /// <summary>An empty message each way; once more with the service class as a singleton.</summary>
    public static async Task RunUnaryAsync(int rounds)
    {
        var load = new Load("unary", $"{Service}/Echo", 400_000, 1, 4, 50) { Body = EmptyFrame, Goal = 0.85 };
        WriteHeading();
        await using var bare = await ServerProcess.StartAsync("frames");
        await RunAsync("ours", bare, rounds, load);
        await RunAsync("ours-singleton", bare, rounds, load with { Name = "unary, service is a singleton" });
    }

    /// <summary>Server streams of 1 KiB messages.</summary>
    public static async Task RunStreamAsync(int rounds)
    {
        WriteHeading();
        await using var bare = await ServerProcess.StartAsync("frames");
        await RunAsync(
            "ours", bare, rounds, Stream("each flushed", "Download", 1), Stream("each flushed", "Download", 4),
            Stream("buffered", "DownloadBuffered", 1), Stream("buffered", "DownloadBuffered", 4));

        static Load Stream(string name, string method, int connections) =>
            new($"{name}, {connections} at a time", $"{Service}/{method}", 80, Samples.MessagesPerStream, connections, 1)
            {
                Body = EmptyFrame,
                Goal = 0.85,
            };
    }

    /// <summary>The same JSON in and out.</summary>
    public static async Task RunTranscodedUnaryAsync(int rounds)
    {
        var http2 = new Load("JSON over HTTP/2", "/v1/echo", 300_000, 1, 4, 50)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(Samples.Item, JsonSerializerOptions.Web),
            ContentType = "application/json",
            Goal = 0.92,
        };
        var http1 = http2 with
        {
            Name = "JSON over HTTP/1.1",
            Connections = 64,
            Streams = 1,
            IsHttp1 = true,
            Goal = 0.98,
        };
        WriteHeading();
        await using var bare = await ServerProcess.StartAsync("json");
        await RunAsync("ours", bare, rounds, http2, http1);
    }

    /// <summary>Streams of small JSON records on one connection.</summary>
    public static async Task RunTranscodedStreamAsync(int rounds)
    {
        WriteHeading();
        await using var bare = await ServerProcess.StartAsync("json");
        await RunAsync(
            "ours", bare, rounds, Stream("each flushed, HTTP/1.1", "/v1/items", true),
            Stream("buffered, HTTP/1.1", "/v1/items:buffered", true),
            Stream("each flushed, HTTP/2", "/v1/items", false),
            Stream("buffered, HTTP/2", "/v1/items:buffered", false));

        static Load Stream(string name, string path, bool isHttp1) =>
            new(name, path, 80, Samples.MessagesPerStream, 1, 1)
            {
                ContentType = "application/json",
                IsHttp1 = isHttp1,
            };
    }

    private static void WriteHeading()
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        Console.WriteLine();
        Console.WriteLine(Contest.Heading);
    }

    private static async Task RunAsync(string name, ServerProcess bare, int rounds, params Load[] loads)
    {
        await using var ours = await ServerProcess.StartAsync(name);
        foreach (var load in loads)
        {
            var contest = new Contest(load, ours, bare);
            await contest.RunAsync(rounds);
            Console.WriteLine(contest);
        }
    }
}
