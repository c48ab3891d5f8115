using System.Globalization;
using System.Text.RegularExpressions;

namespace Batching.Rest.Tests.Table;

/// <summary>
/// Names for what varies from run to run. An id gets one where it first stands as a member <c>id</c>: <c>{batch1}</c>
/// or <c>{request1}</c>. A time is called after whose it is: <c>{request1.done}</c>. Whatever has a name once must
/// have it ever after, so a reply with another id or time than the one before looks different.
/// </summary>
internal sealed partial class Placeholders
{
    private readonly Dictionary<string, string> _namesOfValues = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _valuesOfNames = new(StringComparer.Ordinal);
    private int _batches;
    private int _requests;

    public Placeholders(string gateway, string api)
    {
        Add("gateway", gateway);
        Add("api", api);
    }

    /// <summary>Puts values in the place of names.</summary>
    /// <exception cref="FormatException">A reply before should have had an id that it did not have.</exception>
    public string Fill(string text)
    {
        foreach (var (name, value) in _valuesOfNames)
        {
            text = text.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        }

        return Unknown().Match(text) is { Success: true } unknown
            ? throw new FormatException($"Nothing was called {unknown.Value} so far.")
            : text;
    }

    /// <summary>Puts names in the place of values.</summary>
    public string Name(string text)
    {
        var owner = "";
        text = Varying().Replace(text, match =>
        {
            if (match.Groups["id"] is { Success: true } id)
            {
                owner = NameId(id.Value, IsBatch(text, match.Index));
                return $"\"id\":\"{{{owner}}}\"";
            }

            if (match.Groups["time"] is { Success: true } time)
            {
                var what = match.Groups["what"].Value;
                return $"\"{what}\":{NameTime($"{owner}.{what}", time.Value)}";
            }

            if (match.Groups["instant"] is { Success: true } instant)
            {
                var what = match.Groups["when"].Value;
                return $"\"{what}\":\"{NameTime($"{owner}.{what}", instant.Value)}\"";
            }

            return _namesOfValues.TryGetValue(match.Value, out var name) ? $"{{{name}}}" : match.Value;
        });
        return text
            .Replace(_valuesOfNames["gateway"], "{gateway}", StringComparison.Ordinal)
            .Replace(_valuesOfNames["api"], "{api}", StringComparison.Ordinal);
    }

    // Batches stand alone or in the list of them.
    private static bool IsBatch(string text, int index) =>
        text[..index].EndsWith("\"Batch\":{", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("{\"Batches\":", StringComparison.OrdinalIgnoreCase);

    private string NameId(string id, bool isBatch)
    {
        if (!_namesOfValues.TryGetValue(id, out var name))
        {
            var number = isBatch ? ++_batches : ++_requests;
            name = string.Create(CultureInfo.InvariantCulture, $"{(isBatch ? "batch" : "request")}{number}");
            Add(name, id);
        }

        return name;
    }

    private string NameTime(string name, string time)
    {
        if (!_valuesOfNames.TryGetValue(name, out var known))
        {
            // Only by name: two things may well happen in the same second.
            _valuesOfNames.Add(name, time);
            return $"{{{name}}}";
        }

        return known == time ? $"{{{name}}}" : $"{time} (was {known})";
    }

    private void Add(string name, string value)
    {
        _namesOfValues.Add(value, name);
        _valuesOfNames.Add(name, value);
    }

    [GeneratedRegex("""
        "id":"(?<id>\d{16})"
        |(?<!\d)\d{16}(?!\d)
        |"(?<what>created|done)":(?<time>\d{10})(?!\d)
        |"(?<when>createTime|doneTime|expireTime)":"(?<instant>[-\d]{10}T[:\d.]+Z)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Varying();

    [GeneratedRegex(@"\{(batch|request)\d+\}")]
    private static partial Regex Unknown();
}
