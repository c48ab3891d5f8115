using System.Globalization;
using System.Text.Json;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.V0;

/// <summary>Writes batches and requests as the v0 paths have them.</summary>
internal static class V0Writer
{
    // The names of the contract without their prefix, by number.
    private static readonly JsonEncodedText[] StateNames =
        [.. System.Enum.GetNames<BatchState>().Select(name => JsonEncodedText.Encode(name.ToUpperInvariant()))];

    /// <summary>A batch that was just accepted, with all its requests.</summary>
    public static ValueTask WriteAcceptedAsync(JsonReply reply, Batch batch, V0Shape shape) => WriteBatchAsync(
        reply, batch, batch.Requests.ToAsyncEnumerable(), batch.Requests.Count, shape, position: null);

    /// <summary>A batch with requests of it, which are read while they are written.</summary>
    /// <param name="reply">Where to write.</param>
    /// <param name="page">The batch and the requests.</param>
    /// <param name="shape">Of each request.</param>
    /// <param name="position">Of the last request in it; null if positions are not asked for.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public static ValueTask WritePageAsync(
        JsonReply reply, ResultPage page, V0Shape shape, long? position, CancellationToken cancellationToken) =>
        WriteBatchAsync(reply, page.Response.Batch, page.ReadAsync(cancellationToken), page.Count, shape, position);

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
        Utf8JsonWriter json, (FetchResultsResponse Message, V0Shape Shape) record)
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
            WriteRequest(json, message.Request, record.Shape, onOneLine: true);
        }

        json.WriteEndObject();
    }

    /// <summary>A record of a stream of batches, on one line.</summary>
    public static void WriteWatchRecord(Utf8JsonWriter json, WatchBatchesResponse record)
    {
        json.WriteStartObject();
        switch (record.RecordCase)
        {
            case WatchBatchesResponse.RecordOneofCase.Batch:
                json.WritePropertyName("Batch"u8);
                WriteBatch(json, record.Batch, isDetailed: false);
                break;
            case WatchBatchesResponse.RecordOneofCase.RemovedBatchId:
                json.WriteString("removed"u8, record.RemovedBatchId);
                break;
            case WatchBatchesResponse.RecordOneofCase.Current:
                json.WriteBoolean("current"u8, true);
                break;
            default:
                json.WriteBoolean("end"u8, true);
                break;
        }

        json.WriteEndObject();
    }

    private static async ValueTask WriteBatchAsync(
        JsonReply reply, Batch batch, IAsyncEnumerable<Request> requests, int count, V0Shape shape, long? position)
    {
        var json = reply.Json;
        json.WriteStartObject();
        json.WriteStartObject("Batch"u8);
        WriteCounters(json, batch);
        WriteNotify(json, batch);
        if (position is { } known)
        {
            json.WriteNumber("position"u8, known);
        }

        json.WriteStartArray("Requests"u8);
        var written = 0;
        await foreach (var request in requests)
        {
            WriteRequest(json, request, shape);
            written++;
            await reply.FlushIfFullAsync();
        }

        if (written < count)
        {
            throw new RpcException(new Grpc.Core.Status(StatusCode.Aborted, "The batch was deleted."));
        }

        json.WriteEndArray();
        json.WriteEndObject();
        WriteSuccess(json);
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
        WriteNotify(json, batch);
        if (isDetailed)
        {
            json.WriteStartArray("Requests"u8);
            foreach (var request in batch.Requests)
            {
                WriteRequest(json, request, V0Shape.Progress);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteNotify(Utf8JsonWriter json, Batch batch)
    {
        if (batch.Notify is { } notify)
        {
            V0WebhookWriter.WriteNotify(json, notify);
        }
    }

    // What every reply about a batch begins with.
    private static void WriteCounters(Utf8JsonWriter json, Batch batch)
    {
        json.WriteString("id"u8, batch.Id);
        json.WriteNumber("created"u8, batch.CreateTime.Seconds);
        json.WriteNumber("totalRequests"u8, batch.TotalRequests);
        json.WriteNumber("runningRequests"u8, batch.RunningRequests);
        json.WriteNumber("failedRequests"u8, batch.FailedRequests);
        json.WriteString("state"u8, StateNames[(int)batch.State]);
        if (batch.StartTime is { } startTime)
        {
            json.WriteNumber("startTime"u8, startTime.Seconds);
        }

        if (batch.Priority != BatchRecord.DefaultPriority)
        {
            json.WriteNumber("priority"u8, batch.Priority);
        }

        if (batch.Deadline is { } deadline)
        {
            json.WriteNumber("deadline"u8, deadline.Seconds);
        }

        if (batch.SubmittedRequests > 0)
        {
            json.WriteBoolean("open"u8, batch.Open);
            json.WriteNumber("submittedRequests"u8, batch.SubmittedRequests);
        }
    }

    // On one line, the line breaks in an embedded body become blanks.
    private static void WriteRequest(
        Utf8JsonWriter json, Request request, V0Shape shape, bool onOneLine = false)
    {
        var properties = shape.Properties;
        json.WriteStartObject();
        json.WriteString("id"u8, request.Id);
        if (request.Key.Length > 0 && properties.Contains(V0Property.Key))
        {
            json.WriteString("key"u8, request.Key);
        }

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

        if (properties.Contains(V0Property.Params))
        {
            V0Params.Write(json, request, onOneLine);
        }

        if (request.DependsOn.Count > 0 && properties.Contains(V0Property.DependsOn))
        {
            json.WriteStartArray("dependsOn"u8);
            foreach (var key in request.DependsOn)
            {
                json.WriteStringValue(key);
            }

            json.WriteEndArray();
        }

        if (request.HasRunWhen && properties.Contains(V0Property.RunWhen))
        {
            json.WriteString("runWhen"u8, V0RunWhen.NameOf(request.RunWhen));
        }

        if (request.HasReferences && properties.Contains(V0Property.References))
        {
            json.WriteBoolean("references"u8, request.References);
        }

        if (properties.Contains(V0Property.Index))
        {
            json.WriteNumber("index"u8, request.Index);
        }

        if (properties.Contains(V0Property.Pagination) && request.Pagination is { } pagination)
        {
            json.WritePropertyName("pagination"u8);
            V0Pagination.Write(json, pagination);
        }

        if (request.Response is { } response)
        {
            V0ResponseWriter.Write(json, response, shape, onOneLine);
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
}
