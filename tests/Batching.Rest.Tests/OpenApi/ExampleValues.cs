using System.Globalization;
using System.Text.RegularExpressions;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Ids and times of examples for those of real calls. For one call and what is submitted before it.</summary>
internal sealed partial class ExampleValues
{
    /// <summary>No id of any batch.</summary>
    public const string UnknownId = "1234567890123456";

    private const long Created = 1795300000;
    private const string Secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD9d1yG2YfLks=";
    private const string Date = "Sat, 21 Nov 2026 21:46:41 GMT";

    // In the order of their first appearance: the batch, then its requests.
    private readonly List<string> _ids = [];

    /// <summary>The id of the batch.</summary>
    public string BatchId => _ids[0];

    /// <summary>Puts the values of examples in the place of real ones.</summary>
    public string ToExample(string text)
    {
        text = Ids().Replace(text, match =>
        {
            if (match.Value == UnknownId)
            {
                return match.Value;
            }

            if (!_ids.Contains(match.Value))
            {
                _ids.Add(match.Value);
            }

            return ExampleOf(_ids.IndexOf(match.Value));
        });
        text = Secrets().Replace(text, Secret);
        text = Seconds().Replace(text, match => string.Create(
            CultureInfo.InvariantCulture, $"\"{match.Groups[1].Value}\":{Created + (match.Groups[1].Value == "done" ? 1 : 0)}"));
        text = Instants().Replace(text, match => $"\"{match.Groups[1].Value}\":\"{InstantOf(match.Groups[1].Value):yyyy-MM-ddTHH:mm:ssZ}\"");
        return Dates().Replace(text, $"\"date\":\"{Date}\"");
    }

    /// <summary>Puts the real ids in the place of those of examples.</summary>
    public string ToReal(string text) => Ids().Replace(text, match =>
        Enumerable.Range(0, _ids.Count).Where(index => ExampleOf(index) == match.Value).Select(index => _ids[index])
            .FirstOrDefault(match.Value));

    private static string ExampleOf(int index) =>
        index == 0 ? "5883192233295872" : (5077606289768447 + index).ToString(CultureInfo.InvariantCulture);

    private static DateTimeOffset InstantOf(string name) => DateTimeOffset.FromUnixTimeSeconds(
        Created + (name == "doneTime" ? 1 : name == "expireTime" ? 3600 : 0));

    [GeneratedRegex(@"(?<!\d)\d{16}(?!\d)")]
    private static partial Regex Ids();

    [GeneratedRegex("whsec_[A-Za-z0-9+/]{43}=")]
    private static partial Regex Secrets();

    [GeneratedRegex("""
        "(created|done)":\d{10}(?!\d)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Seconds();

    [GeneratedRegex("""
        "(createTime|doneTime|expireTime)":"[^"]+"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Instants();

    [GeneratedRegex("""
        "date":"[^"]+"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Dates();
}
