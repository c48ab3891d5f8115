using System.Collections.Frozen;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Configuration;

/// <summary>Named sets of pagination, one for an API or a family of them. They are the data of <c>presets.json</c>.</summary>
public static class PaginationPresets
{
    private static readonly FrozenDictionary<string, Pagination> Presets = Read();

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Presets.Keys.Order(StringComparer.Ordinal)];

    /// <summary>One of them; null if there is none of this name. Not to be changed.</summary>
    public static Pagination? Find(string name) => Presets.GetValueOrDefault(name);

    private static FrozenDictionary<string, Pagination> Read()
    {
        using var stream = typeof(PaginationPresets).Assembly.GetManifestResourceStream("presets.json")!;
        using var json = JsonDocument.Parse(stream);
        return json.RootElement.EnumerateArray().ToFrozenDictionary(
            preset => preset.GetProperty("name").GetString()!,
            preset => JsonParser.Default.Parse<Pagination>(preset.GetProperty("pagination").GetRawText()),
            StringComparer.Ordinal);
    }
}
