using System.Globalization;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Batching.Server.Dialects.V0;

/// <summary>Writes batches and requests as the v0 paths have them.</summary>
internal static class V0Writer
{
    /// <summary>The counters that every reply about a batch begins with.</summary>
    public static void WriteCounters(Utf8JsonWriter json, Batch batch)
    {
        json.WriteString("id"u8, batch.Id);
        json.WriteNumber("created"u8, batch.CreateTime.Seconds);
        json.WriteNumber("totalRequests"u8, batch.TotalRequests);
        json.WriteNumber("runningRequests"u8, batch.RunningRequests);
    }

    /// <summary>A request with the properties that were asked for.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="request">The request.</param>
    /// <param name="properties">Of <see cref="V0Property"/>.</param>
    /// <param name="onOneLine">Line breaks in an embedded body become blanks: each record is a line.</param>
    public static void WriteRequest(
        Utf8JsonWriter json, Request request, IReadOnlySet<string> properties, bool onOneLine = false)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, request.Id);
        if (properties.Contains(V0Property.SpawnedBy))
        {
            json.WriteNumber("spawnedBy"u8, long.Parse(request.SpawnedBy, CultureInfo.InvariantCulture));
        }

        if (properties.Contains(V0Property.Created))
        {
            json.WriteNumber("created"u8, request.CreateTime.Seconds);
        }

        if (properties.Contains(V0Property.Done))
        {
            WriteDone(json, request.DoneTime);
        }

        if (properties.Contains(V0Property.Path))
        {
            json.WriteString("path"u8, request.Path);
        }

        if (properties.Contains(V0Property.Method))
        {
            json.WriteString("method"u8, request.Method);
        }

        if (properties.Contains(V0Property.Params) && request.Params is not null)
        {
            json.WritePropertyName("params"u8);
            WriteStruct(json, request.Params);
        }

        if (properties.Contains(V0Property.Index))
        {
            json.WriteNumber("index"u8, request.Index);
        }

        if (request.Response is { } response)
        {
            WriteResponse(json, response, properties, onOneLine);
        }

        json.WriteEndObject();
    }

    private static void WriteDone(Utf8JsonWriter json, Timestamp? doneTime)
    {
        if (doneTime is null)
        {
            json.WriteBoolean("done"u8, false);
        }
        else
        {
            json.WriteNumber("done"u8, doneTime.Seconds);
        }
    }

    private static void WriteResponse(
        Utf8JsonWriter json, Response response, IReadOnlySet<string> properties, bool onOneLine)
    {
        if (properties.Contains(V0Property.StatusCode))
        {
            json.WriteNumber("responseStatusCode"u8, response.StatusCode);
        }

        if (properties.Contains(V0Property.Size))
        {
            json.WriteNumber("responseSize"u8, response.Size);
        }

        if (properties.Contains(V0Property.Headers))
        {
            json.WriteStartObject("responseHeaders"u8);
            foreach (var (name, value) in response.Headers)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        if (!properties.Contains(V0Property.Response))
        {
            return;
        }

        if (response.Expired)
        {
            json.WriteNull("response"u8);
        }
        else if (response.Error is { } error)
        {
            WriteGatewayError(json, response.StatusCode, error);
        }
        else
        {
            WriteBody(json, response, onOneLine);
        }
    }

    private static void WriteGatewayError(Utf8JsonWriter json, int statusCode, Google.Rpc.Status error)
    {
        var reason = error.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason;
        json.WriteStartObject("response"u8);
        json.WriteString("message"u8, error.Message);
        if (statusCode != 0)
        {
            json.WriteNumber("statusCode"u8, statusCode);
        }

        json.WriteString("error"u8, reason);
        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, Response response, bool onOneLine)
    {
        var kind = ResponseBody.Classify(
            response.Body.Span, response.ContentType, response.ContentEncoding, out var text);
        switch (kind)
        {
            case ResponseBodyKind.Json:
                json.WritePropertyName("response"u8);
                // It was validated when it was classified.
                json.WriteRawValue(
                    onOneLine ? WithoutLineBreaks(response.Body) : response.Body.Span, skipInputValidation: true);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64String("response"u8, response.Body.Span);
                json.WriteString("responseEncoding"u8, "base64"u8);
                json.WriteString("responseContentType"u8, response.ContentType);
                break;
            default:
                json.WriteString("response"u8, text ?? "");
                break;
        }
    }

    // Outside of strings, where alone JSON can have them, line breaks mean no more than blanks.
    private static ReadOnlySpan<byte> WithoutLineBreaks(ByteString body)
    {
        if (!body.Span.ContainsAny((byte)'\r', (byte)'\n'))
        {
            return body.Span;
        }

        var line = body.ToByteArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }

    private static void WriteStruct(Utf8JsonWriter json, Struct value)
    {
        json.WriteStartObject();
        foreach (var (name, field) in value.Fields)
        {
            json.WritePropertyName(name);
            WriteValue(json, field);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StructValue:
                WriteStruct(json, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                json.WriteStartArray();
                foreach (var item in value.ListValue.Values)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            case Value.KindOneofCase.StringValue:
                json.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.NumberValue:
                json.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.BoolValue:
                json.WriteBooleanValue(value.BoolValue);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}
