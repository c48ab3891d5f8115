using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;

namespace Batching.Rest.V2;

/// <summary>Writes the replies to the calls of a keyed batch as the v2 paths have them.</summary>
internal static class V2Writer
{
    // Members of "headers" that are the gateway's own.
    private const string ResponseCode = "response_code";
    private const string StatusCode = "status-code";
    private const string Encoding = "encoding";

    /// <summary>Writes the replies to all calls, in the form of their batch.</summary>
    public static async ValueTask WriteAsync(JsonReply reply, RunBatchResponse response, V2Form form)
    {
        var json = reply.Json;
        var isEnveloped = form is V2Form.EnvelopedMap or V2Form.EnvelopedList;
        var isList = form is V2Form.List or V2Form.EnvelopedList;
        if (isEnveloped)
        {
            json.WriteStartObject();
            json.WritePropertyName("responses"u8);
        }

        if (isList)
        {
            json.WriteStartArray();
        }
        else
        {
            json.WriteStartObject();
        }

        foreach (var call in response.Replies)
        {
            if (!isList)
            {
                json.WritePropertyName(call.Key);
            }

            Write(json, call.Response, isEnveloped);
            await reply.FlushIfFullAsync();
        }

        if (isList)
        {
            json.WriteEndArray();
        }
        else
        {
            json.WriteEndObject();
        }

        if (isEnveloped)
        {
            json.WriteEndObject();
        }
    }

    // Where replies are enveloped, any JSON object as body becomes the reply itself; else only one that has "data".
    private static void Write(Utf8JsonWriter json, Response response, bool isEnveloped)
    {
        json.WriteStartObject();
        if (response.Error is { } error)
        {
            WriteHeaders(json, response, isBinary: false);
            if (isEnveloped)
            {
                V2Errors.WriteMembers(json, response.StatusCode, error);
            }
            else
            {
                json.WriteStartObject("data"u8);
                V2Errors.WriteMembers(json, response.StatusCode, error);
                json.WriteEndObject();
            }
        }
        else
        {
            var kind = ResponseBody.Classify(
                response.Body.Span, response.ContentType, response.ContentEncoding, out var text);
            WriteHeaders(json, response, kind == ResponseBodyKind.Binary);
            WriteBody(json, response.Body.Span, kind, text, isEnveloped);
        }

        json.WriteEndObject();
    }

    private static void WriteHeaders(Utf8JsonWriter json, Response response, bool isBinary)
    {
        json.WriteStartObject("headers"u8);
        json.WriteNumber(ResponseCode, response.StatusCode);
        json.WriteNumber(StatusCode, response.StatusCode);
        foreach (var (name, value) in response.Headers)
        {
            if (name is not (ResponseCode or StatusCode or Encoding))
            {
                json.WriteString(name, value);
            }
        }

        if (isBinary)
        {
            json.WriteString(Encoding, "base64"u8);
        }

        json.WriteEndObject();
    }

    private static void WriteBody(
        Utf8JsonWriter json, ReadOnlySpan<byte> body, ResponseBodyKind kind, string? text, bool isEnveloped)
    {
        switch (kind)
        {
            case ResponseBodyKind.Json when IsEnvelope(body, isEnveloped):
                WriteMembers(json, body);
                break;
            case ResponseBodyKind.Json:
                json.WritePropertyName("data"u8);
                // It was validated when it was classified.
                json.WriteRawValue(body, skipInputValidation: true);
                break;
            case ResponseBodyKind.Text:
                json.WriteString("data"u8, text);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64String("data"u8, body);
                break;
            case ResponseBodyKind.Empty when !isEnveloped:
                json.WriteNull("data"u8);
                break;
        }
    }

    private static bool IsEnvelope(ReadOnlySpan<byte> body, bool isEnveloped)
    {
        var reader = new Utf8JsonReader(body, ResponseBody.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject || isEnveloped)
        {
            return reader.TokenType == JsonTokenType.StartObject;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("data"u8))
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    // All members but one that would come twice: the headers are those of HTTP.
    private static void WriteMembers(Utf8JsonWriter json, ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, ResponseBody.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOwn = reader.ValueTextEquals("headers"u8);
            if (!isOwn && reader.ValueIsEscaped)
            {
                json.WritePropertyName(reader.GetString()!);
            }
            else if (!isOwn)
            {
                json.WritePropertyName(reader.ValueSpan);
            }

            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!isOwn)
            {
                json.WriteRawValue(body[start..(int)reader.BytesConsumed], skipInputValidation: true);
            }
        }
    }
}
