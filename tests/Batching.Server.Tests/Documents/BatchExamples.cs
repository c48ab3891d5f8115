using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>The batches that stand in a page as JSON, run at a gateway with the sample API.</summary>
internal static partial class BatchExamples
{
    /// <summary>Runs all of a page, one after the other.</summary>
    /// <param name="page">Its name in <c>docs</c>.</param>
    /// <param name="atLeast">How many it has at least.</param>
    /// <param name="statuses">The status of each request with a key, by that key, where it is not 200.</param>
    /// <returns>The requests that have a key, as they ended: those of one batch in the order in which they did.</returns>
    public static async Task<IReadOnlyList<(string Key, JsonElement Request)>> RunAsync(
        string page, int atLeast, IReadOnlyDictionary<string, int> statuses)
    {
        await using var gateway = await Gateway.StartForTrialAsync();
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Address) };
        var examples = Example().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", page)))
            .Select(match => match.Groups[1].Value)
            .ToArray();
        Assert.True(examples.Length >= atLeast, $"{page} has {examples.Length} examples.");
        var ended = new List<(string, JsonElement)>();
        foreach (var example in examples)
        {
            using var content = new StringContent(example, Encoding.UTF8);
            using var reply = await http.PostAsync(new Uri("/api/v0/batch", UriKind.Relative), content);
            var text = await reply.Content.ReadAsStringAsync();
            Assert.True(reply.IsSuccessStatusCode, $"{example}\n{text}");
            using var submitted = JsonDocument.Parse(text);
            var id = submitted.RootElement.GetProperty("Batch").GetProperty("id").GetString();
            var lines = await http.GetStringAsync(new Uri($"/api/v0/batch/{id}/results?after=0", UriKind.Relative));
            Assert.Contains("\"end\":true", lines, StringComparison.Ordinal);
            foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var record = JsonDocument.Parse(line);
                if (record.RootElement.TryGetProperty("Request", out var request) && request.TryGetProperty("key", out var key))
                {
                    var name = key.GetString()!;
                    Assert.Equal(
                        (name, statuses.GetValueOrDefault(name, 200)), (name, request.GetProperty("responseStatusCode").GetInt32()));
                    ended.Add((name, request.Clone()));
                }
            }
        }

        return ended;
    }

    [GeneratedRegex(@"^```json\n(\[.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Example();
}
