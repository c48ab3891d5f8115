using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Batching.Rest.Tests.Infrastructure;
using Batching.SampleApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Makes the calls of examples: a gateway in front of the sample API.</summary>
public sealed class ExampleFixture : IAsyncLifetime, IDisposable
{
    private const string Setup = "calls";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient _client = new() { Timeout = Deadline };
    private WebApplication _api = null!;
    private GatewayProcess _gateway = null!;
    private int _callers;

    /// <summary>Whether the replies become the examples, which are then written to the source tree.</summary>
    public bool Writes { get; } = Environment.GetEnvironmentVariable("BATCH_WRITE_DOCS") == "1";

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        _api = builder.Build();
        _api.MapSampleApi();
        await _api.StartAsync();
        // One request at a time: results come in the order in which they were asked for.
        _gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstreams:0:BaseAddress", _api.Urls.Single()),
            ("Batch:Upstreams:0:MaxConcurrency", "1"),
            ("Batch:Upstreams:0:AdaptiveConcurrency", "false"));
        _client.BaseAddress = new Uri(_gateway.Address);
    }

    public async Task DisposeAsync()
    {
        if (Writes)
        {
            File.WriteAllText(FindSource(), ApiDocument.Instance.Write());
        }

        _gateway.Dispose();
        await _api.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The document as the gateway serves it, and its media type.</summary>
    public async Task<(string Text, string? ContentType)> GetDocumentAsync()
    {
        using var reply = await _client.GetAsync(new Uri("/openapi.json", UriKind.Relative));
        return (await reply.Content.ReadAsStringAsync(), reply.Content.Headers.ContentType?.MediaType);
    }

    /// <summary>Makes a call as a caller of its own, who has the batch that the call is about.</summary>
    /// <returns>Status and body; of a stream, its first record. Ids and times are those of examples.</returns>
    internal async Task<(int Status, JsonNode? Body)> CallAsync(ApiOperation operation, string example, string mediaType)
    {
        var credential = new AuthenticationHeaderValue("Bearer", $"example-{Interlocked.Increment(ref _callers)}");
        var values = new ExampleValues();
        if (operation.Parameters.Any(parameter => (string?)parameter["name"] == "batch_id") || operation.Path.EndsWith("batch", StringComparison.Ordinal)
            || operation.Path.EndsWith("batches", StringComparison.Ordinal)
            || operation.Path.EndsWith("watch", StringComparison.Ordinal))
        {
            await SubmitAsync(operation, credential, values);
        }

        using var call = ExampleCall.Create(operation, example, values);
        call.Headers.Authorization = credential;
        if (mediaType == "text/event-stream")
        {
            call.Headers.Accept.ParseAdd(mediaType);
        }

        using var reply = await _client.SendAsync(call, HttpCompletionOption.ResponseHeadersRead);
        var record = values.ToExample((operation.IsStream || mediaType is "application/x-ndjson" or "text/event-stream") && reply.IsSuccessStatusCode
            ? await ReadFirstAsync(reply.Content, mediaType == "text/event-stream" ? "data: " : "")
            : await reply.Content.ReadAsStringAsync());
        return ((int)reply.StatusCode, reply.Content.Headers.ContentType?.MediaType == "text/plain" ? record : JsonNode.Parse(record));
    }

    // Not all: a stream may have no end.
    private static async Task<string> ReadFirstAsync(HttpContent content, string prefix)
    {
        using var reader = new StreamReader(await content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(prefix, StringComparison.Ordinal))
            {
                return line[prefix.Length..];
            }
        }

        throw new InvalidOperationException("The stream has no record.");
    }

    // By the example of the operation that submits, in the same form; and waits until it is done.
    private async Task SubmitAsync(ApiOperation operation, AuthenticationHeaderValue credential, ExampleValues values)
    {
        // Nothing is there before a batch is submitted, and keyed ones aren't stored.
        if (operation.Verb == "POST" && !operation.Path.Contains('{', StringComparison.Ordinal) || operation.Path.Contains("v2", StringComparison.Ordinal))
        {
            return;
        }

        var family = operation.Id[..2];
        var submit = ApiDocument.Instance.Operations.Single(one => one.Verb == "POST"
            && one.Path == (family == "v0" ? "/api/v0/batch" : "/api/v1/batches"));
        using var call = ExampleCall.Create(submit, Setup, values);
        call.Headers.Authorization = credential;
        using var reply = await _client.SendAsync(call);
        reply.EnsureSuccessStatusCode();
        values.ToExample(await reply.Content.ReadAsStringAsync());

        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, $"/api/v0/batch/{values.BatchId}/status");
            ask.Headers.Authorization = credential;
            using var status = await _client.SendAsync(ask, deadline.Token);
            if ((await status.Content.ReadAsStringAsync(deadline.Token)).Contains("\"runningRequests\":0", StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(Interval, TimeProvider.System, deadline.Token);
        }
    }

    private static string FindSource()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "src", "Batching.Server", "Pages", "openapi.json");
            if (File.Exists(file))
            {
                return file;
            }
        }

        throw new InvalidOperationException("There is no openapi.json above the tests.");
    }
}
