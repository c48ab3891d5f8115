using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Spawning;

/// <summary>What a page tells about the pages after it. Read from the bytes; no document is built.</summary>
internal static class PageFacts
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = int.MaxValue };

    /// <summary>The text at a pointer, of a string or a number; null if nothing, null or "" is there.</summary>
    /// <exception cref="FormatException">Something else is there, or the page is no JSON.</exception>
    public static string? FindText(ReadOnlySpan<byte> body, JsonPointer pointer, string what)
    {
        try
        {
            var reader = NewReader(body);
            if (!pointer.TryMoveTo(ref reader))
            {
                return null;
            }

            return reader.TokenType switch
            {
                JsonTokenType.Null => null,
                JsonTokenType.String => JsonTokens.FindText(reader) is var text && text is not null
                    ? text.Length > 0 ? text : null
                    : throw new FormatException($"The {what} in the page is not valid Unicode."),
                JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
                _ => throw new FormatException($"The {what} in the page is neither a string nor a number."),
            };
        }
        catch (JsonException exception)
        {
            throw NoJson(exception);
        }
    }

    /// <summary>The whole number from 0 at a pointer, given as a number or as text; null if there is none.</summary>
    /// <exception cref="FormatException">The page is no JSON.</exception>
    public static long? FindInteger(ReadOnlySpan<byte> body, JsonPointer pointer)
    {
        try
        {
            var reader = NewReader(body);
            if (!pointer.TryMoveTo(ref reader))
            {
                return null;
            }

            return reader.TokenType switch
            {
                JsonTokenType.Number when reader.TryGetInt64(out var number) && number >= 0 => number,
                JsonTokenType.String => JsonTokens.FindText(reader) is { } text ? ParseInteger(text) : null,
                _ => null,
            };
        }
        catch (JsonException exception)
        {
            throw NoJson(exception);
        }
    }

    /// <summary>The whole number in a header field; null if there is none.</summary>
    public static long? FindInteger(UpstreamReply reply, string header) => ParseInteger(ResponseHeaders.Find(
        reply.Headers.Span, Encoding.ASCII.GetBytes(header.ToLowerInvariant())));

    /// <summary>How many items a page has.</summary>
    /// <param name="body">The page.</param>
    /// <param name="pointer">Where the array is; null for the page itself, else the first array among its members.</param>
    /// <exception cref="FormatException">There is no array, or the page is no JSON.</exception>
    public static int CountItems(ReadOnlySpan<byte> body, JsonPointer? pointer)
    {
        try
        {
            var reader = NewReader(body);
            var found = pointer is null ? TryMoveToFirstArray(ref reader) : pointer.TryMoveTo(ref reader);
            if (!found || reader.TokenType != JsonTokenType.StartArray)
            {
                throw new FormatException("The page has no array of items where one is expected.");
            }

            var count = 0;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                reader.Skip();
                count++;
            }

            return count;
        }
        catch (JsonException exception)
        {
            throw NoJson(exception);
        }
    }

    private static Utf8JsonReader NewReader(ReadOnlySpan<byte> body) => new(ByteOrderMark.Skip(body), ReaderOptions);

    private static bool TryMoveToFirstArray(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return true;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static long? ParseInteger(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static FormatException NoJson(JsonException exception) => new("The page is not valid JSON.", exception);
}
