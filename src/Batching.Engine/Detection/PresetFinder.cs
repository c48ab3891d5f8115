using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Spawning;
using Batching.V1;

namespace Batching.Engine.Detection;

/// <summary>Finds the preset that says the same as some pagination.</summary>
internal static class PresetFinder
{
    /// <summary>
    /// The name of the preset that has all of it: of the one that it names, else of the only one whose items are in the page. Null
    /// if there is none, or several.
    /// </summary>
    /// <param name="pagination">With what its preset says.</param>
    /// <param name="page">The page, in UTF-8; empty for none.</param>
    public static string? Find(Pagination pagination, ReadOnlySpan<byte> page)
    {
        if (pagination.Preset.Length > 0)
        {
            return Covers(PaginationPresets.Find(pagination.Preset)!, pagination) ? pagination.Preset : null;
        }

        string? found = null;
        foreach (var name in PaginationPresets.Names)
        {
            var preset = PaginationPresets.Find(name)!;
            if (Covers(preset, pagination) && (!preset.HasItemsPointer || HasItems(preset.ItemsPointer, page)))
            {
                if (found is not null)
                {
                    return null;
                }

                found = name;
            }
        }

        return found;
    }

    private static bool Covers(Pagination preset, Pagination pagination)
    {
        var both = preset.Clone();
        both.MergeFrom(pagination);
        both.Preset = "";
        return both.Equals(preset);
    }

    private static bool HasItems(string pointer, ReadOnlySpan<byte> page)
    {
        var reader = new Utf8JsonReader(page, new JsonReaderOptions { MaxDepth = int.MaxValue });
        try
        {
            return JsonPointer.Parse(pointer).TryMoveTo(ref reader) && reader.TokenType == JsonTokenType.StartArray;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
