using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Batching.Server.Tests.Infrastructure;
using Xunit.Abstractions;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>
/// Throws mutated input at every way into the gateway. A few seconds here; <c>BATCH_FUZZ_INPUTS=500000</c> in the
/// environment is the long run, and <c>BATCH_FUZZ_SEED</c> repeats one. Inputs of one seed are always the same; what
/// runs beside what is not.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Workers = 8;
    private const int DefaultInputs = 12_000;
    private const long MaxGrowth = 48 * 1024 * 1024;

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private Corpus _corpus = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartForgetfulAsync();
        // What is accepted by chance is soon forgotten.
        _gateway = await Gateway.StartQuietAsync(
            _api.Address,
            "--Batch:Retention:Responses=00:00:02",
            "--Batch:Retention:Metadata=00:00:03",
            "--Batch:Limits:SubmissionBytes=65536",
            "--Batch:Limits:PagesPerSpawner=3",
            "--Batch:Keyed:Timeout=00:00:05");
        var batch = await _gateway.Rest.SubmitAsync("""[{"path": "a"}, {"path": "b", "spawner": true}]""");
        _corpus = new Corpus(batch.Id, batch.RequestIds[0]);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task AnyInput_GetsAnAnswerThatIsNoError()
    {
        var inputs = Read("BATCH_FUZZ_INPUTS") ?? DefaultInputs;
        var seed = Read("BATCH_FUZZ_SEED") ?? Random.Shared.Next();
        output.WriteLine($"BATCH_FUZZ_SEED={seed} BATCH_FUZZ_INPUTS={inputs}");
        using var client = new HttpClient { BaseAddress = new Uri(_gateway.Address), Timeout = CallTimeout };
        var started = Stopwatch.StartNew();

        // Buffers, caches and code are as large as they get after the first part.
        var warmUp = Math.Max(Workers, inputs / 5);
        await RunAsync(client, seed, 0, warmUp);
        var before = Measure();
        await RunAsync(client, seed, warmUp, inputs);
        var after = Measure();

        output.WriteLine($"{inputs} inputs in {started.Elapsed.TotalSeconds:F0} s; heap {before >> 10} KiB, then {after >> 10} KiB");
        foreach (var (answer, count) in _answers.OrderByDescending(pair => pair.Value))
        {
            output.WriteLine($"{count,8} {answer}");
        }

        Assert.True(_failures.IsEmpty, $"seed {seed}:\n{string.Join('\n', _failures.Take(20))}");
        Assert.Empty(_gateway.Logs.Errors);
        Assert.InRange(after - before, long.MinValue, MaxGrowth);
        // The server is alive and does its work.
        var request = await _gateway.Rest.RunAsync("""{"path": "alive"}""");
        Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
    }

    private static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : null;

    private static long Measure()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private Task RunAsync(HttpClient client, int seed, int from, int to) => Parallel.ForEachAsync(
        Enumerable.Range(from, to - from),
        new ParallelOptions { MaxDegreeOfParallelism = Workers },
        async (number, _) =>
        {
            // Each input by itself can be made again.
            var input = _corpus.Create(new Random(unchecked((seed * 1_000_003) + number)));
            try
            {
                var answer = await SendAsync(client, input);
                _answers.AddOrUpdate($"{input.Kind} {answer}", 1, static (_, count) => count + 1);
                if (!answer.IsExpected)
                {
                    _failures.Enqueue($"input {number}: {answer} to {input}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                _failures.Enqueue($"input {number}: {exception.GetType().Name} {exception.Message} {exception.InnerException?.Message} to {input}");
            }
        });

    private static async Task<FuzzAnswer> SendAsync(HttpClient client, FuzzInput input)
    {
        using var message = new HttpRequestMessage(new HttpMethod(input.Method), input.Target);
        if (input.Body is not null)
        {
            message.Content = new ByteArrayContent(input.Body);
        }

        if (input.IsGrpc)
        {
            message.Version = HttpVersion.Version20;
            message.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            message.Headers.TryAddWithoutValidation("TE", "trailers");
        }

        foreach (var (name, value) in input.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await client.SendAsync(message);
        await response.Content.ReadAsByteArrayAsync();
        return input.IsGrpc && response.StatusCode == HttpStatusCode.OK
            ? new FuzzAnswer(200, Find("grpc-status") ?? "none", Find("grpc-message") ?? "")
            : new FuzzAnswer((int)response.StatusCode, null, "");

        string? Find(string name) =>
            response.TrailingHeaders.TryGetValues(name, out var trailer) ? trailer.Single()
            : response.Headers.TryGetValues(name, out var header) ? header.Single()
            : null;
    }
}
