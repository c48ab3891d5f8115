using System.Net;
using System.Text;
using System.Text.Json;

namespace Batching.Server.Tests.Spawning;

/// <summary>A client of the v0 paths that runs whole queries.</summary>
public sealed class WalkClient(string address, string? owner = null) : IDisposable
{
    private readonly HttpClient _http = Create(address, owner);

    /// <summary>Posts a batch; the accepted one.</summary>
    public async Task<JsonElement> SubmitAsync(string json)
    {
        var (status, body) = await PostAsync(json);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body.GetProperty("Batch");
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string json, string path = "")
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"/api/v0/batch{path}", UriKind.Relative), content);
        return (response.StatusCode, await ReadAsync(response));
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri($"/api/v0/batch/{path}", UriKind.Relative));
        return await ReadAsync(response);
    }

    public async Task DeleteAsync(string id)
    {
        using var response = await _http.DeleteAsync(new Uri($"/api/v0/batch/{id}", UriKind.Relative));
        Assert.True(response.IsSuccessStatusCode);
    }

    /// <summary>The lines of the stream of results, as they come.</summary>
    public async IAsyncEnumerable<JsonElement> StreamAsync(string id, long after = 0)
    {
        await using var stream = await _http.GetStreamAsync(
            new Uri($"/api/v0/batch/{id}/results?after={after}", UriKind.Relative));
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync() is { } line)
        {
            yield return Parse(line);
        }
    }

    /// <summary>All results of a batch, in the order in which they were stored.</summary>
    public async Task<List<JsonElement>> CollectAsync(string id)
    {
        var results = new List<JsonElement>();
        await Eventually.BeTrueAsync(
            async () =>
            {
                var page = (await GetAsync($"{id}?after={results.Count}")).GetProperty("Batch");
                var before = results.Count;
                results.AddRange(page.GetProperty("Requests").EnumerateArray());
                return results.Count == before && page.GetProperty("runningRequests").GetInt32() == 0;
            },
            $"batch {id} to be done");
        return results;
    }

    /// <summary>Runs a batch of one spawner; the results of its pages.</summary>
    public async Task<List<JsonElement>> RunAsync(string spawner)
    {
        var batch = await SubmitAsync($"[{spawner}]");
        var results = await CollectAsync(batch.GetProperty("id").GetString()!);
        Assert.Equal(results.Count, results.Select(result => result.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(batch.GetProperty("Requests")[0].GetProperty("id").GetString(), results[0].GetProperty("id").GetString());
        return results[1..];
    }

    public void Dispose() => _http.Dispose();

    private static HttpClient Create(string address, string? owner)
    {
        var http = new HttpClient { BaseAddress = new Uri(address) };
        if (owner is not null)
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", owner);
        }

        return http;
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response) =>
        Parse(await response.Content.ReadAsStringAsync());

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
