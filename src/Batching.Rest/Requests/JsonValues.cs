using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Google.Protobuf;

namespace Batching.Rest.Requests;

/// <summary>Reads the JSON values that callers give. Each leaves the reader on the value's last token.</summary>
internal static class JsonValues
{
    /// <summary>What is wrong with JSON that can't be read, as a sentence without its subject.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="exception">What the reader said of it, which does not tell bad JSON from deep.</param>
    public static string DescribeProblem(in ReadOnlySequence<byte> json, int maxDepth, JsonException exception) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsTooDeep(json, maxDepth) ? $"has more than {maxDepth} levels" : "is not valid JSON")} at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}");

    /// <summary>The bytes of a value as the caller wrote them.</summary>
    public static ByteString ReadRaw(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json)
    {
        var start = reader.TokenStartIndex;
        reader.Skip();
        var raw = json.Slice(start, reader.BytesConsumed - start);
        return raw.IsSingleSegment ? ByteString.CopyFrom(raw.FirstSpan) : ByteString.CopyFrom(raw.ToArray());
    }

    /// <summary>The text of a value as the caller wrote it; null if it is not valid UTF-8.</summary>
    public static string? ReadRawText(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json)
    {
        var raw = ReadRaw(ref reader, json);
        return Utf8.IsValid(raw.Span) ? raw.ToStringUtf8() : null;
    }

    private static bool IsTooDeep(in ReadOnlySequence<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth == maxDepth)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // It is bad before it is deep.
        }

        return false;
    }
}
