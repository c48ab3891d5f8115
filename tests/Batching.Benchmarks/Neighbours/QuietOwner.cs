using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Batching.Benchmarks.Neighbours;

/// <summary>
/// The owner who is measured: one small batch after the other, each submitted and then read to its end as a stream, fifty
/// times a second at most.
/// </summary>
internal sealed class QuietOwner : IDisposable
{
    private const int Requests = 10;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private static readonly string Batch = HostileOwner.Batch(Requests, _ => """{"path": "kb/0"}""");

    private readonly HttpClient _http;

    public QuietOwner(string address) => _http = new HttpClient
    {
        BaseAddress = new Uri(address),
        DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse("Bearer quiet") },
    };

    /// <summary>Runs batches for as long as it should, and one at least.</summary>
    public async Task<QuietFigure> MeasureAsync(Func<int, bool> goesOn)
    {
        var figure = new QuietFigure();
        do
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                using var deadline = new CancellationTokenSource(Deadline);
                await RunAsync(deadline.Token);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                figure.Fail(exception.Message);
            }

            // What has failed took as long as it took.
            var elapsed = Stopwatch.GetElapsedTime(started);
            figure.Latencies.Add(elapsed.TotalMilliseconds);
            if (elapsed < Interval)
            {
                await Task.Delay(Interval - elapsed, TimeProvider.System);
            }
        }
        while (goesOn(figure.Count));

        return figure;
    }

    public void Dispose() => _http.Dispose();

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var content = new StringContent(Batch);
        using var submitted = await _http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content, cancellationToken);
        submitted.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await submitted.Content.ReadAsByteArrayAsync(cancellationToken));
        var id = json.RootElement.GetProperty("Batch").GetProperty("id").GetString();
        using var reply = await _http.GetAsync(
            new Uri($"/api/v0/batch/{id}/results?after=0", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);
        reply.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(cancellationToken));
        var (good, ended) = (0, false);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            good += line.Contains("\"responseStatusCode\":200", StringComparison.Ordinal) ? 1 : 0;
            ended |= line.StartsWith("{\"end\":true", StringComparison.Ordinal);
        }

        if (good != Requests || !ended)
        {
            throw new IOException($"{good} good results of {Requests}{(ended ? "" : ", and no end")}");
        }
    }
}
