using System.Text.Json;
using Batching.Engine.Content;
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

    /// <summary>Writes the replies to all calls.</summary>
    /// <param name="reply">Where to write.</param>
    /// <param name="response">The replies.</param>
    /// <param name="form">The form of their batch.</param>
    /// <param name="maxBodyBytes">Bytes that a body may have that is decoded for it.</param>
    public static async ValueTask WriteAsync(JsonReply reply, RunBatchResponse response, V2Form form, int maxBodyBytes)
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

            Write(json, call.Response, isEnveloped, maxBodyBytes);
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
    private static void Write(Utf8JsonWriter json, Response response, bool isEnveloped, int maxBodyBytes)
    {
        json.WriteStartObject();
        if (response.Error is { } error)
        {
            WriteHeaders(json, response, default);
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
            var body = ResponseBody.Of(response, maxBodyBytes);
            WriteHeaders(json, response, body);
            WriteBody(json, body, isEnveloped);
        }

        json.WriteEndObject();
    }

    private static void WriteHeaders(Utf8JsonWriter json, Response response, in ResponseBody body)
    {
        json.WriteStartObject("headers"u8);
        json.WriteNumber(ResponseCode, response.StatusCode);
        json.WriteNumber(StatusCode, response.StatusCode);
        foreach (var (name, value) in response.Headers)
        {
            // Of a body that is shown decoded they are not true.
            var isHidden = name is ResponseCode or StatusCode or Encoding
                || (body.IsDecoded && name is ("content-encoding" or "content-length"));
            if (!isHidden)
            {
                json.WriteString(name, value);
            }
        }

        if (body.Kind is ResponseBodyKind.Binary or ResponseBodyKind.DeepJson)
        {
            json.WriteString(Encoding, body.Kind == ResponseBodyKind.Binary ? "base64"u8 : "text"u8);
        }

        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, in ResponseBody body, bool isEnveloped)
    {
        switch (body.Kind)
        {
            case ResponseBodyKind.Json when IsEnvelope(body.Bytes.Span, isEnveloped):
                WriteMembers(json, body.Bytes.Span);
                break;
            case ResponseBodyKind.Json:
                json.WritePropertyName("data"u8);
                // It was validated when it was classified.
                json.WriteRawValue(body.Bytes.Span, skipInputValidation: true);
                break;
            case ResponseBodyKind.Text or ResponseBodyKind.DeepJson:
                json.WriteString("data"u8, body.Text);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64String("data"u8, body.Bytes.Span);
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
            if (JsonTokens.Matches(reader, "data"u8))
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
            var isOwn = JsonTokens.Matches(reader, "headers"u8);
            var start = (int)reader.TokenStartIndex;
            reader.Read();
            reader.Skip();
            if (!isOwn)
            {
                // With its name, which may be one that only JSON can write. The writer puts commas between such parts, and
                // takes no offence at a member that is written as a value.
                json.WriteRawValue(body[start..(int)reader.BytesConsumed], skipInputValidation: true);
            }
        }
    }
}
