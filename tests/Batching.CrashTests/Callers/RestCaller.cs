using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Callers;

/// <summary>An owner who speaks REST.</summary>
internal sealed class RestCaller : ICaller
{
    private const string Path = "/api/v0/batch";

    private readonly HttpClient _http;
    private readonly string _credential;

    /// <param name="address">Where the server is.</param>
    /// <param name="token">What the owner authenticates with.</param>
    /// <param name="isInQuery">The token goes with the query, as <c>bearer_token</c>.</param>
    public RestCaller(string address, string token, bool isInQuery)
    {
        _http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(10) };
        _credential = isInQuery ? $"bearer_token={token}" : "";
        if (!isInQuery)
        {
            _http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }
    }

    public async Task<Accepted> SubmitAsync(BatchPlan plan, string notifyUrl)
    {
        var body = new JsonArray([.. plan.Submitted.Select(request => ToJson(request, "path", "body"))]);
        var query = (plan.OpenWith is null ? "" : "open=true&")
            + (plan.Notifies ? $"notify_url={Uri.EscapeDataString(notifyUrl)}&notify_events=done&notify_events=failed_first&" : "");
        var batch = (await SendAsync(HttpMethod.Post, $"{Path}?{query}", body)).GetProperty("Batch");
        return new Accepted(
            batch.GetProperty("id").GetString()!,
            [.. batch.GetProperty("Requests").EnumerateArray().Select(one => one.GetProperty("id").GetString()!)]);
    }

    public async Task<IReadOnlyList<string>> AppendAsync(string batchId, int offset, IReadOnlyList<RequestPlan> requests)
    {
        var body = new JsonArray();
        foreach (var request in requests)
        {
            var json = ToJson(request, "path", "body");
            json.Remove("key");
            body.Add((JsonNode)json);
        }

        var uri = string.Create(CultureInfo.InvariantCulture, $"{Path}/{batchId}/requests?offset={offset}&");
        var batch = (await SendAsync(HttpMethod.Post, uri, body)).GetProperty("Batch");
        return [.. batch.GetProperty("Requests").EnumerateArray().Select(one => one.GetProperty("id").GetString()!)];
    }

    public Task SealAsync(string batchId) => SendAsync(HttpMethod.Post, $"{Path}/{batchId}/seal?");

    public async Task<Counters> GetStatusAsync(string batchId) => RestReplies.ReadCounters(
        (await SendAsync(HttpMethod.Get, $"{Path}/{batchId}/status?")).GetProperty("Batch"));

    public async Task<ResultPage> FetchAsync(string batchId, long? after) =>
        RestReplies.ReadPage(await SendAsync(HttpMethod.Get, $"{Path}/{batchId}?{AfterQuery(after)}"));

    public async IAsyncEnumerable<StreamRecord> StreamAsync(string batchId, long? after)
    {
        using var response = await GuardAsync(async () =>
        {
            var uri = $"{Path}/{batchId}/results?{AfterQuery(after)}{_credential}";
            var response = await _http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead);
            return response.IsSuccessStatusCode
                ? response
                : throw await ToFailureAsync(response);
        });
        using var reader = new StreamReader(await GuardAsync(() => response.Content.ReadAsStreamAsync()));
        while (await GuardAsync(() => reader.ReadLineAsync()) is { } line)
        {
            if (RestReplies.IsProgress(line))
            {
                continue;
            }

            yield return RestReplies.ReadRecord(line) ?? throw new CallFailedException(false, line);
        }
    }

    public Task ReadBodyAsync(string batchId, string requestId, MemoryStream body) =>
        throw new NotSupportedException("No REST reply leaves a body out.");

    public Task CancelAsync(string batchId) => SendAsync(HttpMethod.Post, $"{Path}/{batchId}/cancel?");

    public Task DeleteAsync(string batchId) => SendAsync(HttpMethod.Delete, $"{Path}/{batchId}?");

    public async Task<IReadOnlyList<string>> ListAsync()
    {
        var ids = new List<string>();
        var token = "";
        do
        {
            var page = await SendAsync(HttpMethod.Get, $"{Path}?page_token={token}&");
            ids.AddRange(page.GetProperty("Batches").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            token = page.TryGetProperty("nextPageToken", out var next) ? next.GetString() : null;
        }
        while (token is not null);
        return ids;
    }

    public async Task<IReadOnlyList<KeyedReply>> RunKeyedAsync(IReadOnlyList<RequestPlan> calls)
    {
        var body = new JsonObject(calls.Select(call =>
        {
            var json = ToJson(call, "url", "payload");
            json["url"] = $"/{call.Path}";
            return KeyValuePair.Create<string, JsonNode?>(call.Token, json);
        }));
        var reply = await SendAsync(HttpMethod.Post, "/api/v2/batch?", body);
        return [.. reply.EnumerateObject().Select(one => RestReplies.ReadKeyed(one.Name, one.Value))];
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Turns whatever a broken connection looks like into the one failure of all callers.</summary>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            throw new CallFailedException(false, exception.Message, exception);
        }
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string uri, JsonNode? body = null) =>
        await GuardAsync(async () =>
        {
            using var message = new HttpRequestMessage(method, uri + _credential);
            if (body is not null)
            {
                message.Content = new StringContent(body.ToJsonString());
            }

            using var response = await _http.SendAsync(message);
            if (!response.IsSuccessStatusCode)
            {
                throw await ToFailureAsync(response);
            }

            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
            return document.RootElement.Clone();
        });

    private static async Task<CallFailedException> ToFailureAsync(HttpResponseMessage response) => new(
        response.StatusCode == System.Net.HttpStatusCode.NotFound,
        $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");

    private static string AfterQuery(long? after) =>
        after is null ? "" : string.Create(CultureInfo.InvariantCulture, $"after={after}&");

    private static JsonObject ToJson(RequestPlan plan, string path, string body)
    {
        var json = new JsonObject { [path] = plan.Path, ["method"] = plan.Method };
        if (plan.Body.Length > 0)
        {
            json[body] = JsonNode.Parse(plan.Body);
        }

        if (plan.IdempotencyKey is { } key)
        {
            json["headers"] = new JsonObject { ["Idempotency-Key"] = key };
        }

        if (path == "path")
        {
            json["key"] = plan.Token;
        }

        if (plan.DependsOn.Count > 0)
        {
            json["depends_on"] = new JsonArray([.. plan.DependsOn.Select(token => JsonValue.Create(token))]);
            json["run_when"] = "done";
        }

        if (plan.Spawner != SpawnerKind.None)
        {
            json["spawner"] = true;
        }

        if (plan.Spawner == SpawnerKind.FanOut)
        {
            json["pagination"] = new JsonObject { ["style"] = "page", ["page_size"] = 1, ["total_pointer"] = "/total" };
        }

        return json;
    }
}
