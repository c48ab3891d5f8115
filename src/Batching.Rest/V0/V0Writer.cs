using System.Globalization;
using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.V0;

/// <summary>Writes batches and requests as the v0 paths have them.</summary>
internal static class V0Writer
{
    /// <summary>A batch with requests of it.</summary>
    /// <param name="reply">Where to write.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="properties">Of each request.</param>
    /// <param name="position">Of the last request in it; null if positions are not asked for.</param>
    public static async ValueTask WritePageAsync(
        JsonReply reply, Batch batch, IReadOnlySet<string> properties, long? position)
    {
        var json = reply.Json;
        json.WriteStartObject();
        json.WriteStartObject("Batch"u8);
        WriteCounters(json, batch);
        if (position is { } known)
        {
            json.WriteNumber("position"u8, known);
        }

        json.WriteStartArray("Requests"u8);
        foreach (var request in batch.Requests)
        {
            WriteRequest(json, request, properties);
            await reply.FlushIfFullAsync();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteSuccess(json);
    }

    /// <summary>A batch as it stands.</summary>
    public static void WriteStatus(Utf8JsonWriter json, Batch batch, bool isDetailed)
    {
        json.WriteStartObject();
        json.WritePropertyName("Batch"u8);
        WriteBatch(json, batch, isDetailed);
        WriteSuccess(json);
    }

    /// <summary>A page of batches.</summary>
    public static void WriteList(Utf8JsonWriter json, ListBatchesResponse list)
    {
        json.WriteStartObject();
        json.WriteStartArray("Batches"u8);
        foreach (var batch in list.Batches)
        {
            WriteBatch(json, batch, isDetailed: false);
        }

        json.WriteEndArray();
        if (list.NextPageToken.Length > 0)
        {
            json.WriteString("nextPageToken"u8, list.NextPageToken);
        }

        WriteSuccess(json);
    }

    /// <summary>A record of a stream, on one line.</summary>
    public static void WriteRecord(
        Utf8JsonWriter json, (FetchResultsResponse Message, IReadOnlySet<string> Properties) record)
    {
        var message = record.Message;
        json.WriteStartObject();
        if (message.RecordCase == FetchResultsResponse.RecordOneofCase.End)
        {
            json.WriteBoolean("end"u8, true);
            json.WriteNumber("position"u8, message.Position);
            json.WriteNumber("runningRequests"u8, message.End.RunningRequests);
        }
        else if (message.Progress is { } progress)
        {
            json.WriteStartObject("progress"u8);
            json.WriteNumber("runningRequests"u8, progress.RunningRequests);
            json.WriteNumber("failedRequests"u8, progress.FailedRequests);
            json.WriteEndObject();
            json.WriteNumber("position"u8, message.Position);
        }
        else
        {
            json.WriteNumber("position"u8, message.Position);
            json.WritePropertyName("Request"u8);
            WriteRequest(json, message.Request, record.Properties, onOneLine: true);
        }

        json.WriteEndObject();
    }

    private static void WriteSuccess(Utf8JsonWriter json)
    {
        json.WriteNumber("statusCode"u8, StatusCodes.Status200OK);
        json.WriteEndObject();
    }

    private static void WriteBatch(Utf8JsonWriter json, Batch batch, bool isDetailed)
    {
        json.WriteStartObject();
        WriteCounters(json, batch);
        json.WriteNumber("responseSize"u8, batch.ResponseSize);
        if (isDetailed)
        {
            json.WriteStartArray("Requests"u8);
            foreach (var request in batch.Requests)
            {
                WriteRequest(json, request, V0Property.Progress);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    // What every reply about a batch begins with.
    private static void WriteCounters(Utf8JsonWriter json, Batch batch)
    {
        json.WriteString("id"u8, batch.Id);
        json.WriteNumber("created"u8, batch.CreateTime.Seconds);
        json.WriteNumber("totalRequests"u8, batch.TotalRequests);
        json.WriteNumber("runningRequests"u8, batch.RunningRequests);
    }

    // On one line, the line breaks in an embedded body become blanks.
    private static void WriteRequest(
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
