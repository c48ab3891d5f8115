using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Batching.Testing;

/// <summary>A caller of the REST paths.</summary>
public sealed class RestClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="address">Where the gateway is.</param>
    /// <param name="authorization">What the caller sends as <c>Authorization</c>.</param>
    public RestClient(string address, string? authorization = null)
    {
        _http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(1) };
        if (authorization is not null)
        {
            _http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        }
    }

    public static string BatchPath => "/api/v0/batch";

    public Task<RestReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<RestReply> PostAsync(string json, string path = "/api/v0/batch") =>
        SendAsync(HttpMethod.Post, path, new StringContent(json));

    public async Task<RestReply> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, Action<HttpRequestHeaders>? addHeaders = null)
    {
        using var message = new HttpRequestMessage(method, path) { Content = content };
        addHeaders?.Invoke(message.Headers);
        using var response = await _http.SendAsync(message);
        var text = await response.Content.ReadAsStringAsync();
        return new RestReply((int)response.StatusCode, response.Headers, response.Content.Headers, text);
    }

    /// <summary>Sends a request and hands out the response as soon as its head is there.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, string? accept = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            message.Headers.Add("Accept", accept);
        }

        return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Submits a batch that has to be accepted.</summary>
    public async Task<SubmittedBatch> SubmitAsync(string json)
    {
        var reply = (await PostAsync(json)).Success();
        return new SubmittedBatch(
            reply.Batch.GetProperty("id").GetString()!,
            reply.Batch.GetProperty("created").GetInt64(),
            [.. reply.Requests.Select(request => request.GetProperty("id").GetString()!)]);
    }

    /// <summary>Submits GETs of these paths.</summary>
    public Task<SubmittedBatch> SubmitPathsAsync(params IEnumerable<string> paths)
    {
        var json = new StringBuilder("[");
        foreach (var path in paths)
        {
            json.Append(json.Length > 1 ? "," : "")
                .Append(CultureInfo.InvariantCulture, $$"""{"path":{{JsonSerializer.Serialize(path)}}}""");
        }

        return SubmitAsync(json.Append(']').ToString());
    }

    /// <summary>Waits until a batch has no request running.</summary>
    public Task WaitUntilDoneAsync(string id) => WaitForRunningAsync(id, 0);

    /// <summary>Waits until a batch has no more than so many requests running.</summary>
    public Task WaitForRunningAsync(string id, int running) => Eventually.BeTrueAsync(
        async () =>
        {
            var status = (await GetAsync($"{BatchPath}/{id}/status")).Success();
            return status.Batch.GetProperty("runningRequests").GetInt64() <= running;
        },
        $"no more than {running} requests of batch {id} are running");

    /// <summary>Submits one request, waits for its result, and fetches that.</summary>
    public async Task<JsonElement> RunAsync(string request, string query = "")
    {
        var batch = await SubmitAsync($"[{request}]");
        await WaitUntilDoneAsync(batch.Id);
        return Assert.Single((await GetAsync($"{BatchPath}/{batch.Id}?{query}")).Success().Requests);
    }

    public void Dispose() => _http.Dispose();
}
