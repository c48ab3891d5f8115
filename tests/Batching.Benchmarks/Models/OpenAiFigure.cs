using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Batching.Benchmarks.Driver;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Benchmarks.Models;

/// <summary>
/// 50,000 lines of 2 KiB: how long it takes until a batch of them is acknowledged, over OpenAI's paths and by <c>UploadBatch</c>, how fast their
/// results come back as a file and as a stream of NDJSON, and the most memory that the gateway has had. The two take turns, each at a
/// gateway of its own.
/// </summary>
internal static class OpenAiFigure
{
    private const double Megabyte = 1_000_000;
    private const double Mebibyte = 1024 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(int rounds, int lines)
    {
        Console.WriteLine(ProcessorTimes.DescribeMachine());
        var file = LineFile.Of(lines);
        await using var upstream = await Nginx.StartAsync();
        await using var files = await StartAsync(upstream.Port);
        await using var uploads = await StartAsync(upstream.Port);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{files.Port}") };
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{uploads.Port}");
        var (uploaded, acknowledged, accepted, whole) = (new Series(), new Series(), new Series(), new Series());
        var (byUpload, ndjson, content) = (new Series(), new Series(), new Series());
        var firstPeak = 0.0;
        for (var i = -1; i < rounds; i++)
        {
            var grpc = await UploadAsync(new BatchService.BatchServiceClient(channel), file);
            var times = await SubmitAsync(http, file);
            var asFile = await ReadAsync(http, $"/v1/files/{times.Output}/content");
            var asStream = await ReadAsync(http, $"/api/v0/batch/{times.Id["batch_".Length..]}/results?after=0");
            var again = await ReadAsync(http, $"/v1/files/{times.Output}/content");
            using var deleted = await http.DeleteAsync($"/api/v0/batch/{times.Id["batch_".Length..]}");
            using var alsoDeleted = await http.DeleteAsync($"/v1/files/{times.Input}");
            if (i < 0)
            {
                // The round before is to warm up.
                firstPeak = files.PeakResidentBytes / Mebibyte;
                continue;
            }

            byUpload.Add(grpc.TotalMilliseconds);
            uploaded.Add(times.Uploaded.TotalMilliseconds);
            acknowledged.Add(times.Acknowledged.TotalMilliseconds);
            accepted.Add(times.Accepted.TotalMilliseconds);
            whole.Add(times.Done.TotalMilliseconds);
            content.Add(Math.Max(asFile, again));
            ndjson.Add(asStream);
        }

        Console.WriteLine($"| {lines} lines of 2 KiB | |");
        Console.WriteLine("|---|---|");
        Console.WriteLine($"| `UploadBatch` acknowledged, ms | {byUpload.ToText("0")} |");
        Console.WriteLine($"| file uploaded, ms | {uploaded.ToText("0")} |");
        Console.WriteLine($"| batch of the file acknowledged, ms | {acknowledged.ToText("0")} |");
        Console.WriteLine($"| its requests read and stored (`in_progress`), ms | {accepted.ToText("0")} |");
        Console.WriteLine($"| completed, ms | {whole.ToText("0")} |");
        Console.WriteLine($"| output file read, MB/s | {content.ToText("0")} |");
        Console.WriteLine($"| the same results as NDJSON, MB/s | {ndjson.ToText("0")} |");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Acknowledged in {acknowledged.Median / byUpload.Median:0.00} of the time of `UploadBatch`, read and stored in {accepted.Median / byUpload.Median:0.00}; the output file is read at {content.Median / ndjson.Median:0.00} of the speed of NDJSON."));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Peak memory {firstPeak:0} MiB after one file and all its results, {files.PeakResidentBytes / Mebibyte:0} MiB after {rounds + 1}; that of the gateway with `UploadBatch` {uploads.PeakResidentBytes / Mebibyte:0} MiB."));
    }

    private static Task<GatewayProcess> StartAsync(int upstream) => GatewayProcess.StartAsync(
        upstream, new Dictionary<string, string> { ["Batch__Dialects__OpenAI__Enabled"] = "true" });

    private static async Task<TimeSpan> UploadAsync(BatchService.BatchServiceClient client, LineFile file)
    {
        var started = Stopwatch.GetTimestamp();
        string id;
        using (var call = client.UploadBatch())
        {
            foreach (var message in file.Messages)
            {
                await call.RequestStream.WriteAsync(message);
            }

            await call.RequestStream.CompleteAsync();
            id = (await call).Batch.Id;
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        while ((await client.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = id })).Batch.RunningRequests > 0)
        {
            await Task.Delay(PollInterval, TimeProvider.System);
        }

        await client.DeleteBatchAsync(new DeleteBatchRequest { BatchId = id });
        return elapsed;
    }

    private static async Task<Times> SubmitAsync(HttpClient http, LineFile file)
    {
        var started = Stopwatch.GetTimestamp();
        using var form = new ByteArrayContent(file.Form);
        form.Headers.ContentType = MediaTypeHeaderValue.Parse(LineFile.ContentType);
        var input = Text(await SendAsync(http, HttpMethod.Post, "/v1/files", form), "id");
        var uploaded = Stopwatch.GetElapsedTime(started);
        using var submission = new StringContent(
            $$"""{"input_file_id":"{{input}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""",
            Encoding.UTF8,
            "application/json");
        var batch = await SendAsync(http, HttpMethod.Post, "/v1/batches", submission);
        var (id, acknowledged, accepted) = (Text(batch, "id"), Stopwatch.GetElapsedTime(started), TimeSpan.Zero);
        while (Text(batch, "status") is not "completed")
        {
            await Task.Delay(PollInterval, TimeProvider.System);
            batch = await SendAsync(http, HttpMethod.Get, $"/v1/batches/{id}", content: null);
            accepted = accepted == TimeSpan.Zero && Text(batch, "status") != "validating" ? Stopwatch.GetElapsedTime(started) : accepted;
            if (Text(batch, "status") is "failed" or "expired")
            {
                throw new InvalidOperationException($"The batch has not run: {batch}");
            }
        }

        return new Times(
            id, input, Text(batch, "output_file_id"), uploaded, acknowledged, accepted, Stopwatch.GetElapsedTime(started));
    }

    private static async Task<double> ReadAsync(HttpClient http, string path)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[256 * 1024];
        var bytes = 0L;
        while (await body.ReadAsync(buffer) is var count and > 0)
        {
            bytes += count;
        }

        return bytes / Megabyte / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? "";

    private static async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(text)
            : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
    }

    private sealed record Times(
        string Id, string Input, string Output, TimeSpan Uploaded, TimeSpan Acknowledged, TimeSpan Accepted, TimeSpan Done);
}
