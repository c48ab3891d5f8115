using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Batching.Benchmarks.Driver;
using Batching.Benchmarks.Flow;
using Batching.V1;

namespace Batching.Benchmarks.Large;

/// <summary>
/// What it costs the server that nobody hurries: 1 GiB of results wait in 100 batches, and each has a reader of its own,
/// on a connection of its own, that takes 10 KiB a second.
/// </summary>
internal static class SlowReadersFigure
{
    private const int Readers = 100;
    private const int BytesASecond = 10 * 1024;
    private const long WaitingBytes = 1L << 30;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);

    /// <param name="bodyBytes">Size of each result's body.</param>
    /// <param name="reading">How long the readers read.</param>
    public static async Task RunAsync(int bodyBytes, TimeSpan reading)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var port = ChildProcess.FreePort();
        await using var upstream = new PacedApi(port, Json(bodyBytes));
        await upstream.StartAsync();
        await using var gateway = await GatewayServer.StartAsync(port);
        Console.WriteLine("| | bodies, MiB | resident memory, MiB | peak, MiB | CPU, cores |");
        Console.WriteLine("|---|---|---|---|---|");
        Write(gateway, "started", 0, 0);

        var count = (int)(WaitingBytes / Readers / bodyBytes) + 1;
        var started = Stopwatch.GetTimestamp();
        var ids = new List<string>();
        for (var i = 0; i < Readers; i++)
        {
            ids.Add(await gateway.UploadAsync(count, perMessage: 1000));
        }

        var bytes = 0L;
        foreach (var id in ids)
        {
            bytes += (await gateway.UntilDoneAsync(id)).ResponseSize;
        }

        Write(gateway, $"{Readers} batches of {count} results of {bodyBytes} bytes are done", bytes, gateway.ProcessorTime / Stopwatch.GetElapsedTime(started));

        var cpu = gateway.ProcessorTime;
        started = Stopwatch.GetTimestamp();
        using var end = new CancellationTokenSource(reading);
        var received = await Task.WhenAll(ids.Select(id => ReadSlowlyAsync(gateway, id, end.Token)));
        var elapsed = Stopwatch.GetElapsedTime(started);
        Write(
            gateway,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Readers} readers have taken {received.Sum() / 1024.0 / elapsed.TotalSeconds / Readers:0.0} KiB/s each for {elapsed.TotalSeconds:0} s"),
            bytes,
            (gateway.ProcessorTime - cpu) / elapsed);
        Console.WriteLine($"On the disk: {gateway.StoredMebibytes:0} MiB");
    }

    private static void Write(GatewayServer gateway, string what, long bytes, double cores) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {what} | {bytes / 1024.0 / 1024:0} | {gateway.ResidentMebibytes:0} | {gateway.PeakMebibytes:0} | {cores:0.00} |"));

    // Below the client's own library, which would read ahead.
    private static async Task<long> ReadSlowlyAsync(GatewayServer gateway, string id, CancellationToken end)
    {
        using var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 };
        using var client = new HttpMessageInvoker(handler);
        var frame = Submission.ToFrame(new FetchResultsRequest { BatchId = id, After = 0 });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Address}/batch.v1.BatchService/FetchResults")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.TE.ParseAdd("trailers");
        using var response = await client.SendAsync(request, CancellationToken.None);
        if (response.StatusCode != HttpStatusCode.OK || response.Headers.Contains("grpc-status"))
        {
            throw new InvalidOperationException($"The stream is not one: {response}");
        }

        await using var body = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        var buffer = new byte[(int)(BytesASecond * Step.TotalSeconds)];
        var received = 0L;
        using var timer = new PeriodicTimer(Step);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, end);
                received += read;
                if (read < buffer.Length)
                {
                    throw new InvalidOperationException($"The stream of {id} has ended after {received} bytes.");
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
        }

        return received;
    }

    private static byte[] Json(int size)
    {
        var json = new byte[size];
        json.AsSpan().Fill((byte)'x');
        "{\"text\": \""u8.CopyTo(json);
        "\"}"u8.CopyTo(json.AsSpan(size - 2));
        return json;
    }
}
