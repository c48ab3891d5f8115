using System.Globalization;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>A range of items, as the header field <c>Range</c> asks for it.</summary>
/// <param name="First">The first item, from 0.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct ItemRange(long First, int Count)
{
    private const string Field = "Range";

    /// <summary>Reads the range that a request asks for; null for none.</summary>
    public static ItemRange? Find(Request page)
    {
        if (!page.Headers.TryGetValue(Field, out var value))
        {
            return null;
        }

        var range = value[(value.IndexOf('=', StringComparison.Ordinal) + 1)..].Split('-');
        return range is [var first, var last]
            && PageReading.ParseInteger(first) is { } from
            && PageReading.ParseInteger(last) is { } to && to >= from
            ? new ItemRange(from, (int)Math.Min(int.MaxValue, to - from + 1))
            : null;
    }

    /// <summary>Asks for it.</summary>
    /// <param name="row">Gets the header fields.</param>
    /// <param name="unit">The unit; empty for a range without one, whose unit has a field of its own.</param>
    public void Write(Request row, string unit)
    {
        var range = string.Create(CultureInfo.InvariantCulture, $"{First}-{First + Count - 1}");
        row.Headers[Field] = unit.Length > 0 ? $"{unit}={range}" : range;
        if (unit.Length == 0)
        {
            row.Headers["Range-Unit"] = "items";
        }
    }

    /// <summary>
    /// The number of items in all, as <c>Content-Range</c> says: <c>items 0-24/573</c> (RFC 9110, section 14.4). Null if it
    /// does not say so.
    /// </summary>
    public static long? FindTotal(string contentRange) =>
        PageReading.ParseInteger(contentRange[(contentRange.IndexOf('/', StringComparison.Ordinal) + 1)..]);
}
