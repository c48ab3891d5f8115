using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Batching.Rest.Calls;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.Requests;

/// <summary>Reads the JSON values that callers give. Each leaves the reader on the value's last token.</summary>
internal static class JsonValues
{
    /// <summary>Whether the reader of a body throws it for what is wrong with the body.</summary>
    public static bool IsOfReader(Exception exception) => exception is JsonException or InvalidOperationException;

    /// <summary>The refusal of a body that can't be read.</summary>
    /// <param name="field">The field that the body is.</param>
    /// <param name="json">The body.</param>
    /// <param name="maxDepth">Levels that it may have.</param>
    /// <param name="exception">One that <see cref="IsOfReader"/>.</param>
    public static RefusedCallException Refuse(
        string field, in ReadOnlySequence<byte> json, int maxDepth, Exception exception) =>
        new(field, exception is JsonException { LineNumber: var line, BytePositionInLine: var position }
            // It does not tell bad JSON from deep.
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{(IsTooDeep(json, maxDepth) ? $"has more than {maxDepth} levels" : "is not valid JSON")} at line {line + 1}, byte {position + 1}")
            // The reader's way of saying that a string is not valid Unicode.
            : "holds a string that is not valid Unicode");

    /// <summary>Reads the params of a request, which are an object.</summary>
    /// <returns>What is wrong with them, as a sentence without its subject; null if nothing is.</returns>
    public static string? ReadParams(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json, Request request)
    {
        if (ReadRawText(ref reader, json) is not { } text)
        {
            return "is not valid Unicode";
        }

        request.ParamsJson = text;
        return null;
    }

    /// <summary>The bytes of a value as the caller wrote them.</summary>
    public static ByteString ReadRaw(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json)
    {
        var start = reader.TokenStartIndex;
        reader.Skip();
        var raw = json.Slice(start, reader.BytesConsumed - start);
        return raw.IsSingleSegment ? ByteString.CopyFrom(raw.FirstSpan) : ByteString.CopyFrom(raw.ToArray());
    }

    /// <summary>The text of a value as the caller wrote it; null if it is not valid UTF-8.</summary>
    private static string? ReadRawText(ref Utf8JsonReader reader, in ReadOnlySequence<byte> json)
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
