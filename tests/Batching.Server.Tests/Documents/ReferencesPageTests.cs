using System.Globalization;

namespace Batching.Server.Tests.Documents;

/// <summary>The batches in <c>docs/references.md</c> run, and end as the page says.</summary>
public sealed class ReferencesPageTests
{
    // The requests that don't end with 200, by their keys.
    private static readonly Dictionary<string, int> Others = new() { ["create"] = 201, ["nothing"] = 424, ["whole"] = 424 };

    [Fact]
    public async Task Examples_All_EndAsThePageSays()
    {
        var created = "";
        foreach (var (key, request) in await BatchExamples.RunAsync("references.md", atLeast: 3, Others))
        {
            var response = request.GetProperty("response");
            switch (key)
            {
                case "create":
                    created = response.GetProperty("id").GetInt32().ToString(CultureInfo.InvariantCulture);
                    break;
                case "report":
                    Assert.Equal(
                        $$"""{"made": {{created}}, "text": "it is called new", "status": 201}""", response.GetProperty("body").GetString());
                    break;
                case "nothing" or "whole":
                    Assert.Equal(
                        key == "nothing" ? "REFERENCE_NOT_FOUND" : "REFERENCE_UNUSABLE", response.GetProperty("error").GetString());
                    break;
            }
        }

        Assert.NotEqual("", created);
    }
}
