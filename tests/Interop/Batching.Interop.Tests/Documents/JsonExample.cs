using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Batching.Interop.Tests.Documents;

/// <summary>
/// Compares JSON in a page with what came: the same members and values, but ids of 16 digits and times may be others, and <c>…</c>
/// stands for what is left out. Of a shape, any value of the same kind will do.
/// </summary>
internal static partial class JsonExample
{
    // The year 2001 in seconds: numbers from here on are times, or ids.
    private const double FirstTime = 1e9;
    private const string Rest = "…";

    /// <summary>Reads JSON values that follow each other.</summary>
    public static IReadOnlyList<JsonNode?> Read(string text)
    {
        // What is left out is a member or an item of its own in pages.
        var json = Encoding.UTF8.GetBytes(BareRest().Replace(BareMember().Replace(text, "${before}\"…\": 0"), "${before}\"…\""));
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowMultipleValues = true });
        var values = new List<JsonNode?>();
        while (reader.Read())
        {
            values.Add(JsonNode.Parse(ref reader));
        }

        return values;
    }

    /// <summary>Says where two values differ; null if they don't.</summary>
    /// <param name="said">The value in the page.</param>
    /// <param name="came">The value that came.</param>
    /// <param name="isShape">Whether only names and kinds of values count, and as many items as the page has.</param>
    /// <param name="place">Where the values are.</param>
    public static string? FindDifference(JsonNode? said, JsonNode? came, bool isShape, string place = "$") => (said, came) switch
    {
        (JsonObject first, JsonObject second) => DifferenceOf(first, second, isShape, place),
        (JsonArray first, JsonArray second) => DifferenceOf(first, second, isShape, place),
        (JsonValue first, JsonValue second) when (isShape && first.GetValueKind() == second.GetValueKind()) || AreAlike(first, second) => null,
        (null, null) => null,
        _ => $"{place} should be {said?.ToJsonString() ?? "null"} and is {came?.ToJsonString() ?? "null"}",
    };

    private static string? DifferenceOf(JsonObject said, JsonObject came, bool isShape, string place)
    {
        var names = said.Select(member => member.Key).Where(name => name != Rest).ToArray();
        if (names.FirstOrDefault(name => !came.ContainsKey(name)) is { } missing)
        {
            return $"{place}.{missing} is missing";
        }

        if (!said.ContainsKey(Rest) && came.Select(member => member.Key).Except(names).FirstOrDefault() is { } added)
        {
            return $"{place}.{added} is not in the page";
        }

        return names.Select(name => FindDifference(said[name], came[name], isShape, $"{place}.{name}")).FirstOrDefault(text => text is not null);
    }

    private static string? DifferenceOf(JsonArray said, JsonArray came, bool isShape, string place)
    {
        var hasRest = said.Count > 0 && IsRest(said[^1]);
        var isOpen = hasRest || isShape;
        var count = hasRest ? said.Count - 1 : said.Count;
        return came.Count < count || (!isOpen && came.Count > count)
            ? $"{place} should have {count} items and has {came.Count}"
            : Enumerable.Range(0, count).Select(i => FindDifference(said[i], came[i], isShape, $"{place}[{i}]")).FirstOrDefault(text => text is not null);
    }

    private static bool IsRest(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text == Rest;

    private static bool AreAlike(JsonValue said, JsonValue came)
    {
        if (said.TryGetValue(out string? first) && came.TryGetValue(out string? second))
        {
            return first == second
                || (Id().IsMatch(first) && Id().IsMatch(second))
                || (Time().IsMatch(first) && Time().IsMatch(second))
                || Regex.IsMatch(second, $"^{Regex.Escape(first).Replace("…", ".*", StringComparison.Ordinal)}$", RegexOptions.Singleline);
        }

        return said.GetValueKind() == JsonValueKind.Number && came.GetValueKind() == JsonValueKind.Number
            ? said.ToJsonString() == came.ToJsonString() || (said.GetValue<double>() >= FirstTime && came.GetValue<double>() >= FirstTime)
            : said.GetValueKind() == came.GetValueKind() && said.ToJsonString() == came.ToJsonString();
    }

    // {…} and {"a": 1, …}, {"a": 1, …, "b": 2}: a member.
    [GeneratedRegex(@"(?<before>\{\s*|,\s*)…(?=\s*(?:\}|,\s*""))")]
    private static partial Regex BareMember();

    // Any other value.
    [GeneratedRegex(@"(?<before>[\[:,]\s*)…(?=\s*[\],}])")]
    private static partial Regex BareRest();

    [GeneratedRegex("^[0-9]{16}$")]
    private static partial Regex Id();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT[\d:.]+Z$")]
    private static partial Regex Time();
}
