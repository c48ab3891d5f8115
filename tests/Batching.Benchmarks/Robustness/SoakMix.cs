using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Benchmarks.Robustness;

/// <summary>What the clients of a soak do. Each piece of work checks that every result arrives exactly once.</summary>
internal sealed class SoakMix : IDisposable
{
    private const int SmallRequests = 10;
    private const int StreamRequests = 200;
    private const int PageRequests = 40;
    private const int KeyedCalls = 20;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromMinutes(1);

    private readonly HttpClient _http;
    private readonly GrpcChannel _channel;
    private readonly BatchService.BatchServiceClient _grpc;
    private readonly SoakMeter _meter;
    private readonly (int Calls, Func<Task> RunAsync)[] _works;
    private int _next;

    public SoakMix(string address, SoakMeter meter)
    {
        _meter = meter;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 })
        {
            BaseAddress = new Uri(address),
            Timeout = CallTimeout,
        };
        _channel = GrpcChannel.ForAddress(address);
        _grpc = new BatchService.BatchServiceClient(_channel);
        (int, Func<Task>) small = (SmallRequests, RunSmallAsync);
        _works =
        [
            small, (StreamRequests, RunStreamAsync), small, (PageRequests, RunPagesAsync), small,
            (SoakUpstream.Pages + 1, RunSpawnerAsync), small, (KeyedCalls, RunKeyedAsync), small,
            (StreamRequests, RunGrpcStreamAsync), small, (KeyedCalls, RunKeyedAsync),
        ];
    }

    /// <summary>Takes the next piece of work.</summary>
    /// <returns>How many calls of the API it brings, and what runs it and never throws.</returns>
    public (int Calls, Func<Task> RunAsync) Next()
    {
        var (calls, runAsync) = _works[(uint)Interlocked.Increment(ref _next) % _works.Length];
        return (calls, async () =>
        {
            try
            {
                await runAsync();
                _meter.AddCalls(calls);
            }
            catch (Exception exception)
            {
                _meter.AddError($"{runAsync.Method.Name}: {exception.GetType().Name}: {exception.Message}");
            }
        }
        );
    }

    /// <summary>Holds a stream open that has nothing to send for most of its time.</summary>
    public async Task IdleAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var id = await SubmitAsync("""[{"path": "ms/20000"}]""");
                Check(1, await ReadLinesAsync(id, cancellationToken));
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                _meter.AddError($"{nameof(IdleAsync)}: {exception.GetType().Name}: {exception.Message}");
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    public void Dispose()
    {
        _channel.Dispose();
        _http.Dispose();
    }

    // The latencies are those of this one, which is always the same.
    private async Task RunSmallAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var id = await SubmitAsync(Batch(SmallRequests, i => i == 0
            ? """{"path": "kb/1", "method": "POST", "body": {"a": 1}}"""
            : $$"""{"path": "kb/{{i % 4}}"}"""));
        _meter.AddAck(Stopwatch.GetElapsedTime(started));
        Check(SmallRequests, await ReadLinesAsync(id, CancellationToken.None));
        _meter.AddCompletion(Stopwatch.GetElapsedTime(started));
    }

    private async Task RunStreamAsync()
    {
        var id = await SubmitAsync(Batch(StreamRequests, i => """{"path": "kb/1"}"""));
        Check(StreamRequests, await ReadLinesAsync(id, CancellationToken.None));
    }

    private async Task RunPagesAsync()
    {
        var id = await SubmitAsync(Batch(PageRequests, i => """{"path": "kb/100"}"""));
        await ReadPagesAsync(id, PageRequests);
    }

    private async Task RunSpawnerAsync()
    {
        var id = await SubmitAsync("""[{"path": "pages", "spawner": true}]""");
        await ReadPagesAsync(id, SoakUpstream.Pages + 1);
    }

    private async Task RunKeyedAsync()
    {
        var calls = string.Join(',', Enumerable.Range(0, KeyedCalls).Select(i => $"\"k{i}\": \"/kb/1\""));
        using var content = new StringContent($"{{{calls}}}");
        using var reply = await _http.PostAsync(new Uri("/api/v2/batch", UriKind.Relative), content);
        using var json = await ReadJsonAsync(reply);
        Check(KeyedCalls, json.RootElement.EnumerateObject().Count(entry =>
            entry.Value.GetProperty("headers").GetProperty("status-code").GetInt32() == 200));
    }

    private async Task RunGrpcStreamAsync()
    {
        var request = new CreateBatchRequest();
        request.Requests.Add(Enumerable.Range(0, StreamRequests).Select(_ => new Request { Path = "kb/1" }));
        var batch = (await _grpc.CreateBatchAsync(request)).Batch;
        using var deadline = new CancellationTokenSource(CallTimeout);
        using var call = _grpc.FetchResults(
            new FetchResultsRequest { BatchId = batch.Id }, cancellationToken: deadline.Token);
        var results = 0;
        while (await call.ResponseStream.MoveNext(deadline.Token))
        {
            results += call.ResponseStream.Current.Request?.Response.StatusCode == 200 ? 1 : 0;
        }

        Check(StreamRequests, results);
    }

    private async Task<string> SubmitAsync(string json)
    {
        using var content = new StringContent(json);
        using var reply = await _http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content);
        using var document = await ReadJsonAsync(reply);
        return document.RootElement.GetProperty("Batch").GetProperty("id").GetString()!;
    }

    private async Task<int> ReadLinesAsync(string id, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(CallTimeout);
        using var reply = await _http.GetAsync(
            new Uri($"/api/v0/batch/{id}/results", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead,
            deadline.Token);
        reply.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(deadline.Token));
        var lines = 0;
        while (await reader.ReadLineAsync(deadline.Token) is { } line)
        {
            if (line.StartsWith("{\"end\":true", StringComparison.Ordinal))
            {
                return lines;
            }

            lines++;
        }

        throw new IOException("The stream ended without its last record.");
    }

    private async Task ReadPagesAsync(string id, int expected)
    {
        var results = 0;
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            using var reply = await _http.GetAsync(new Uri($"/api/v0/batch/{id}", UriKind.Relative));
            using var json = await ReadJsonAsync(reply);
            var batch = json.RootElement.GetProperty("Batch");
            var count = batch.GetProperty("Requests").EnumerateArray().Count(request =>
                request.GetProperty("responseStatusCode").GetInt32() == 200);
            results += count;
            if (count == 0)
            {
                if (batch.GetProperty("runningRequests").GetInt32() == 0)
                {
                    Check(expected, results);
                    return;
                }

                if (Stopwatch.GetElapsedTime(started) > CallTimeout)
                {
                    throw new TimeoutException($"{results} of {expected} results after {CallTimeout}.");
                }

                await Task.Delay(PollInterval, TimeProvider.System);
            }
        }
    }

    private static async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage reply)
    {
        var bytes = await reply.Content.ReadAsByteArrayAsync();
        return reply.IsSuccessStatusCode
            ? JsonDocument.Parse(bytes)
            : throw new HttpRequestException($"HTTP {(int)reply.StatusCode}: {Encoding.UTF8.GetString(bytes)}");
    }

    private static string Batch(int count, Func<int, string> request) =>
        $"[{string.Join(',', Enumerable.Range(0, count).Select(request))}]";

    private static void Check(int expected, int results)
    {
        if (results != expected)
        {
            throw new InvalidDataException($"{results} results instead of {expected}.");
        }
    }
}
