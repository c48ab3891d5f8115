using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Batching.Engine.Content;

/// <summary>
/// Reads names and strings of JSON that may hold half a surrogate pair: RFC 8259, section 8.2, allows <c>"\ud83d"</c>, and
/// <see cref="Utf8JsonReader"/> throws when it is to unescape it.
/// </summary>
public static class JsonTokens
{
    /// <summary>Whether the name or string that a reader stands at is a text.</summary>
    /// <param name="reader">At a name or a string.</param>
    /// <param name="text">In UTF-8.</param>
    public static bool Matches(in Utf8JsonReader reader, ReadOnlySpan<byte> text) =>
        reader.ValueIsEscaped
            ? !HasLoneSurrogate(RawOf(reader)) && reader.ValueTextEquals(text)
            : reader.ValueTextEquals(text);

    /// <summary>The name or string that a reader stands at; null if it is not valid Unicode.</summary>
    public static string? FindText(in Utf8JsonReader reader)
    {
        var raw = RawOf(reader);
        return !Utf8.IsValid(raw) || (reader.ValueIsEscaped && HasLoneSurrogate(raw)) ? null : reader.GetString();
    }

    private static ReadOnlySpan<byte> RawOf(in Utf8JsonReader reader) =>
        reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        while (text.IndexOf((byte)'\\') is var at and >= 0)
        {
            text = text[(at + 1)..];
            if (text[0] != 'u')
            {
                text = text[1..];
                continue;
            }

            var unit = ReadUnit(text);
            text = text[5..];
            if (char.IsHighSurrogate(unit) && text.StartsWith("\\u"u8) && char.IsLowSurrogate(ReadUnit(text[1..])))
            {
                text = text[6..];
            }
            else if (char.IsSurrogate(unit))
            {
                return true;
            }
        }

        return false;
    }

    // "u" and four digits, which the reader has seen to.
    private static char ReadUnit(ReadOnlySpan<byte> escape) =>
        (char)ushort.Parse(escape.Slice(1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
