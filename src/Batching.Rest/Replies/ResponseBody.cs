using System.Text.Json;
using System.Text.Unicode;
using Batching.Engine.Content;
using Batching.V1;

namespace Batching.Rest.Replies;

/// <summary>The body of an API's response as it is shown in a JSON reply.</summary>
/// <param name="Kind">How it is shown.</param>
/// <param name="Bytes">Its bytes, decoded if they could be; of JSON without a byte order mark.</param>
/// <param name="Text">The text, if it is shown as one.</param>
/// <param name="IsDecoded">The bytes are not those of the API, which has encoded them.</param>
/// <param name="ContentEncoding">How the bytes are still encoded; empty if they are not.</param>
internal readonly record struct ResponseBody(
    ResponseBodyKind Kind, ReadOnlyMemory<byte> Bytes, string? Text, bool IsDecoded, string ContentEncoding)
{
    // Deeper JSON is shown as text: many clients can't read it, and then lose the reply as a whole.
    private const int MaxDepth = 512;

    /// <summary>Options for reading JSON that was found to be valid.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Finds out how the body of a response is to be shown.</summary>
    /// <param name="response">The response.</param>
    /// <param name="maxBytes">Bytes that a body may have that is decoded for it.</param>
    public static ResponseBody Of(Response response, int maxBytes)
    {
        var body = response.Body.Memory;
        if (body.IsEmpty)
        {
            return new ResponseBody(ResponseBodyKind.Empty, body, null, IsDecoded: false, "");
        }

        if (!ContentCodings.TryDecode(body, response.ContentEncoding, maxBytes, out var bytes))
        {
            return new ResponseBody(ResponseBodyKind.Binary, body, null, IsDecoded: false, response.ContentEncoding);
        }

        var kind = Classify(bytes, response.ContentType, out var shown, out var text);
        return new ResponseBody(kind, shown, text, ContentCodings.IsEncoded(response.ContentEncoding), "");
    }

    private static ResponseBodyKind Classify(
        ReadOnlyMemory<byte> body, string contentType, out ReadOnlyMemory<byte> shown, out string? text)
    {
        shown = body;
        text = null;
        if (body.IsEmpty)
        {
            return ResponseBodyKind.Empty;
        }

        var type = MediaType.Parse(contentType);
        if (type.IsJson && Utf8.IsValid(body.Span))
        {
            var json = ByteOrderMark.Skip(body);
            if (FindDepth(json.Span) is { } depth)
            {
                shown = json;
                text = depth > MaxDepth ? CharSets.Decode(json.Span, "") : null;
                return depth > MaxDepth ? ResponseBodyKind.DeepJson : ResponseBodyKind.Json;
            }
        }

        if (!type.IsText && type.CharSet.Length == 0)
        {
            return ResponseBodyKind.Binary;
        }

        text = CharSets.Decode(body.Span, type.CharSet);
        return text is null ? ResponseBodyKind.Binary : ResponseBodyKind.Text;
    }

    // The levels of a JSON text; null if it is none.
    private static int? FindDepth(ReadOnlySpan<byte> json)
    {
        var depth = 0;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                {
                    depth = Math.Max(depth, reader.CurrentDepth + 1);
                }
            }

            return depth;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
