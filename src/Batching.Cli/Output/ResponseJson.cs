using System.Text.Json;
using System.Text.Unicode;
using Batching.Client;
using Batching.Engine.Content;

namespace Batching.Cli.Output;

/// <summary>Writes responses as members of their request, as the REST path v0 does.</summary>
internal static class ResponseJson
{
    // Deeper JSON is shown as text: many programs can't read it.
    private const int MaxDepth = 512;

    // More can't be a string of JSON here. Larger bodies are read on their own.
    public const int MaxBodyBytes = 100 * 1024 * 1024;

    /// <summary>Writes the members of a response, without braces around them.</summary>
    public static void Write(Utf8JsonWriter json, CallReply reply, bool withHeaders)
    {
        json.WriteNumber("responseStatusCode"u8, reply.StatusCode);
        json.WriteNumber("responseSize"u8, reply.Size);
        if (withHeaders)
        {
            json.WriteStartObject("responseHeaders"u8);
            foreach (var (name, value) in reply.Headers)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        if (reply.Response.Error is not null)
        {
            json.WriteStartObject("response"u8);
            json.WriteString("message"u8, reply.FailureMessage);
            json.WriteNumber("statusCode"u8, reply.StatusCode);
            json.WriteString("error"u8, reply.Failure);
            json.WriteEndObject();
        }
        else if (reply.IsExpired)
        {
            json.WriteNull("response"u8);
        }
        else if (reply.IsBodyOmitted)
        {
            json.WriteNull("response"u8);
            json.WriteBoolean("responseOmitted"u8, true);
        }
        else
        {
            WriteBody(json, reply);
        }
    }

    /// <summary>Writes a value that is valid JSON, on one line.</summary>
    public static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> value)
    {
        if (value.ContainsAny((byte)'\r', (byte)'\n'))
        {
            // They can only stand between tokens.
            var line = value.ToArray();
            line.AsSpan().Replace((byte)'\n', (byte)' ');
            line.AsSpan().Replace((byte)'\r', (byte)' ');
            value = line;
        }

        json.WriteRawValue(value, skipInputValidation: true);
    }

    private static void WriteBody(Utf8JsonWriter json, CallReply reply)
    {
        if (!reply.TryDecodeBody(MaxBodyBytes, out var body))
        {
            WriteBinary(json, reply, body.Span);
            json.WriteString("responseContentEncoding"u8, reply.Response.ContentEncoding);
            return;
        }

        var type = MediaType.Parse(reply.ContentType);
        if (body.IsEmpty)
        {
            json.WriteString("response"u8, ""u8);
        }
        else if (type.IsJson
            && Utf8.IsValid(body.Span)
            && ByteOrderMark.Skip(body) is var text
            && FindDepth(text.Span) is { } depth)
        {
            if (depth <= MaxDepth)
            {
                json.WritePropertyName("response"u8);
                WriteRaw(json, text.Span);
            }
            else
            {
                json.WriteString("response"u8, text.Span);
                json.WriteString("responseEncoding"u8, "text"u8);
            }
        }
        else if ((type.IsText || type.CharSet.Length > 0) && CharSets.Decode(body.Span, type.CharSet) is { } decoded)
        {
            json.WriteString("response"u8, decoded);
        }
        else
        {
            WriteBinary(json, reply, body.Span);
        }
    }

    private static void WriteBinary(Utf8JsonWriter json, CallReply reply, ReadOnlySpan<byte> body)
    {
        json.WriteBase64String("response"u8, body);
        json.WriteString("responseEncoding"u8, "base64"u8);
        json.WriteString("responseContentType"u8, reply.ContentType);
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
