using System.Net.Http.Json;
using System.Text.Json;

namespace Batching.Interop.Tests.Paged;

/// <summary>A gateway in front of one server, which walks its collections.</summary>
internal sealed class WalkingGateway(string upstream) : ServerProcess
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    protected override IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["Batch__Upstream"] = upstream,
    };

    /// <summary>Runs a batch of one spawner; the bodies of its pages, all of which have to be good.</summary>
    public async Task<List<JsonElement>> WalkAsync(object spawner)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{await AddressAsync()}"), Timeout = Deadline };
        using var accepted = await http.PostAsJsonAsync("/api/v0/batch", new[] { spawner });
        Assert.True(accepted.IsSuccessStatusCode, await accepted.Content.ReadAsStringAsync());
        var batch = await accepted.Content.ReadFromJsonAsync<JsonElement>();
        var id = batch.GetProperty("Batch").GetProperty("id").GetString();

        // The stream ends when the last page is there.
        var lines = (await http.GetStringAsync(new Uri($"/api/v0/batch/{id}/results?after=0", UriKind.Relative)))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .ToList();
        Assert.True(lines[^1].GetProperty("end").GetBoolean());
        var results = lines[..^1].ConvertAll(line => line.GetProperty("Request"));
        Assert.All(results, result => Assert.True(
            result.GetProperty("responseStatusCode").GetInt32() is >= 200 and < 300, result.GetRawText()));
        return results[1..].ConvertAll(result => result.GetProperty("response"));
    }
}
