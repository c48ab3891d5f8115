using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http.Features;
using Xunit.Abstractions;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>
/// Sends random JSON through all ways in and out, as params and as replies, and wants every digit, name, escape and byte
/// back. A few seconds here; <c>BATCH_FUZZ_JSON=200000</c> in the environment is the long run, and <c>BATCH_FUZZ_SEED</c>
/// repeats one.
/// </summary>
public sealed class JsonTextFuzzTests(ITestOutputHelper output)
{
    private const int DefaultCases = 2_000;
    private const int CasesInBatch = 50;
    private const int Workers = 4;

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<(string Way, int Number), string> _targets = new();
    private int _seed;
    private long _compared;

    [Fact]
    public async Task AnyJson_InEveryWay_ComesAsItWasWritten()
    {
        var cases = Read("BATCH_FUZZ_JSON") ?? DefaultCases;
        _seed = Read("BATCH_FUZZ_SEED") ?? Random.Shared.Next();
        output.WriteLine($"BATCH_FUZZ_SEED={_seed} BATCH_FUZZ_JSON={cases}");
        await using var api = await TestApi.StartUnrecordedAsync(context =>
        {
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            var path = context.Request.Path.Value!.Split('/');
            var number = int.Parse(path[2], CultureInfo.InvariantCulture);
            _targets[(path[1], number)] = target;
            var json = JsonTextCase.Create(_seed, number);
            return TestApi.BytesAsync(context, json.ContentType, json.Body);
        });
        await using var gateway = await Gateway.StartQuietAsync(
            api.Address, "--Batch:Retention:Responses=00:00:30", "--Batch:Retention:Metadata=00:00:30");
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var started = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (cases + CasesInBatch - 1) / CasesInBatch),
            new ParallelOptions { MaxDegreeOfParallelism = Workers },
            async (batch, _) =>
            {
                var numbers = Enumerable.Range(batch * CasesInBatch, Math.Min(CasesInBatch, cases - (batch * CasesInBatch))).ToList();
                await RunStoredAsync(gateway, numbers);
                await RunKeyedAsync(gateway, numbers);
                await RunGrpcAsync(new KeyedBatchService.KeyedBatchServiceClient(channel), numbers);
            });

        output.WriteLine($"{cases} cases, {_compared} comparisons in {started.Elapsed.TotalSeconds:F0} s");
        Assert.True(_failures.IsEmpty, $"seed {_seed}, {_failures.Count} failures:\n{string.Join('\n', _failures.Take(20))}");
    }

    private async Task RunStoredAsync(Gateway gateway, List<int> numbers)
    {
        var cases = numbers.ConvertAll(number => JsonTextCase.Create(_seed, number));
        var body = string.Join(',', numbers.Select((number, i) => $$"""{"path":"v0/{{number}}","params":{{cases[i].Params}}}"""));
        using var accepted = JsonDocument.Parse((await gateway.Rest.PostAsync($"[{body}]")).Success().Text);
        var batch = accepted.RootElement.GetProperty("Batch");
        var id = batch.GetProperty("id").GetString()!;
        CompareRequests("echo", batch.GetProperty("Requests").EnumerateArray(), cases, hasResponses: false, onOneLine: false);

        var lines = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}/results?after=0&request_fields=index,params,response")).Text
            .TrimEnd('\n').Split('\n');
        Compare("stream", "lines", numbers.Count + 1, lines.Length);
        var records = lines.SkipLast(1).Select(line => JsonDocument.Parse(line)).ToList();
        CompareRequests(
            "stream", records.Select(record => record.RootElement.GetProperty("Request")).OrderBy(IndexOf), cases, true, onOneLine: true);

        using var page = JsonDocument.Parse(
            (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0&request_fields=index,params,response")).Success().Text);
        CompareRequests(
            "v0",
            page.RootElement.GetProperty("Batch").GetProperty("Requests").EnumerateArray().OrderBy(IndexOf),
            cases,
            true,
            onOneLine: false);

        var fetched = await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = id, After = 0 });
        foreach (var request in fetched.Batch.Requests)
        {
            var expected = cases[request.Index];
            Compare("grpc", "params_json", expected.Params, request.ParamsJson);
            Compare("grpc", "body", Convert.ToHexString(expected.Body), Convert.ToHexString(request.Response.Body.Span));
        }

        Compare("grpc", "requests", numbers.Count, fetched.Batch.Requests.Count);
        CompareTargets("v0", numbers, cases, "");
    }

    private async Task RunKeyedAsync(Gateway gateway, List<int> numbers)
    {
        var cases = numbers.ConvertAll(number => JsonTextCase.Create(_seed, number));
        var random = new Random(_seed ^ numbers[0]);
        var generator = new JsonTextGenerator(random);
        var keys = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        while (keys.Count < numbers.Count)
        {
            var key = generator.Text();
            keys[JsonTextGenerator.Read(key)] = key;
        }

        var calls = keys.Select((key, i) => $$"""{{key.Value}}:{"url":"/v2/{{numbers[i]}}","params":{{cases[i].Params}}}""");
        var reply = (await gateway.Rest.PostAsync($"{{{string.Join(',', calls)}}}", "/api/v2/batch")).Success().Text;
        using var json = JsonDocument.Parse(reply);
        var entries = json.RootElement.EnumerateObject().ToList();
        Compare("v2", "entries", numbers.Count, entries.Count);
        for (var i = 0; i < Math.Min(entries.Count, numbers.Count); i++)
        {
            Compare("v2", "key", keys.GetAt(i).Key, entries[i].Name);
            var raw = entries[i].Value.GetRawText();
            var headers = entries[i].Value.EnumerateObject().First().Value.GetRawText();
            var rest = raw[(raw.IndexOf(headers, StringComparison.Ordinal) + headers.Length + 1)..^1];
            Compare("v2", "data", cases[i].KeyedJson, rest);
        }

        CompareTargets("v2", numbers, cases, "");
    }

    private async Task RunGrpcAsync(KeyedBatchService.KeyedBatchServiceClient client, List<int> numbers)
    {
        var cases = numbers.ConvertAll(number => JsonTextCase.Create(_seed, number));
        var batch = new RunBatchRequest();
        for (var i = 0; i < numbers.Count; i++)
        {
            var request = new Request { Path = $"/grpc/{numbers[i]}", ParamsJson = cases[i].Params };
            request.Query.Add(new QueryParameter { Name = "q", Value = "1.50" });
            batch.Calls.Add(new KeyedRequest { Key = $"{i}", Request = request });
        }

        var reply = await client.RunBatchAsync(batch);
        for (var i = 0; i < numbers.Count; i++)
        {
            Compare(
                "keyed grpc",
                "body",
                Convert.ToHexString(cases[i].Body),
                Convert.ToHexString(reply.Replies[i].Response.Body.Span));
        }

        CompareTargets("grpc", numbers, cases, "q=1.50");
    }

    private void CompareRequests(
        string way, IEnumerable<JsonElement> requests, List<JsonTextCase> cases, bool hasResponses, bool onOneLine)
    {
        var i = 0;
        foreach (var request in requests)
        {
            Compare(way, "params", Line(cases[i].Params, onOneLine), request.GetProperty("params").GetRawText());
            if (hasResponses)
            {
                Compare(
                    way,
                    "response",
                    Line(cases[i].Json.Trim(' ', '\t', '\r', '\n'), onOneLine),
                    request.GetProperty("response").GetRawText());
            }

            i++;
        }

        Compare(way, "requests", cases.Count, i);
    }

    private void CompareTargets(string way, List<int> numbers, List<JsonTextCase> cases, string first)
    {
        for (var i = 0; i < numbers.Count; i++)
        {
            var query = string.Join('&', new[] { first, cases[i].Query }.Where(part => part.Length > 0));
            _targets.TryRemove((way, numbers[i]), out var target);
            Compare(way, "query", $"/{way}/{numbers[i]}{(query.Length > 0 ? "?" : "")}{query}", target);
        }
    }

    private void Compare<T>(string way, string what, T expected, T actual)
    {
        Interlocked.Increment(ref _compared);
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            _failures.Enqueue($"{way}, {what}:\n  expected {expected}\n  actual   {actual}");
        }
    }

    private static int IndexOf(JsonElement request) => request.GetProperty("index").GetInt32();

    private static string Line(string json, bool onOneLine) => onOneLine ? json.Replace('\n', ' ').Replace('\r', ' ') : json;

    private static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : null;
}
