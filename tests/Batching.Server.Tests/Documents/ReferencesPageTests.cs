using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Documents;

/// <summary>The batches in <c>docs/references.md</c> run, and end as the page says.</summary>
public sealed partial class ReferencesPageTests
{
    // The requests that don't end with 200, by their keys.
    private static readonly Dictionary<string, int> Others = new() { ["create"] = 201, ["nothing"] = 424, ["whole"] = 424 };

    [Fact]
    public async Task Examples_All_EndAsThePageSays()
    {
        await using var gateway = await Gateway.StartForTrialAsync();
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Address) };
        var examples = Example().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "references.md")))
            .Select(match => match.Groups[1].Value)
            .ToArray();

        Assert.True(examples.Length >= 2, $"The page has {examples.Length} examples.");
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
            var created = "";
            foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var record = JsonDocument.Parse(line);
                if (!record.RootElement.TryGetProperty("Request", out var request) || !request.TryGetProperty("key", out var key))
                {
                    continue;
                }

                Assert.Equal(
                    (key.GetString(), Others.GetValueOrDefault(key.GetString()!, 200)),
                    (key.GetString(), request.GetProperty("responseStatusCode").GetInt32()));
                switch (key.GetString())
                {
                    case "create":
                        created = request.GetProperty("response").GetProperty("id").GetInt32().ToString(CultureInfo.InvariantCulture);
                        break;
                    case "report":
                        Assert.Equal(
                            $$"""{"made": {{created}}, "text": "it is called new", "status": 201}""",
                            request.GetProperty("response").GetProperty("body").GetString());
                        break;
                    case "nothing" or "whole":
                        Assert.Equal(
                            key.GetString() == "nothing" ? "REFERENCE_NOT_FOUND" : "REFERENCE_UNUSABLE",
                            request.GetProperty("response").GetProperty("error").GetString());
                        break;
                }
            }
        }
    }

    [GeneratedRegex(@"^```json\n(\[.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Example();
}
