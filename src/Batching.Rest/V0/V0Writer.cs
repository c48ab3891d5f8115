using System.Text.Json;
using Batching.Engine.Delivery;
using Batching.Engine.Model;
using Batching.Rest.Replies;
using Batching.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.V0;

/// <summary>Writes batches and requests as the v0 paths have them.</summary>
internal static class V0Writer
{
    // The names of the contract without their prefix, by number.
    private static readonly JsonEncodedText[] StateNames =
        [.. Enum.GetNames<BatchState>().Select(name => JsonEncodedText.Encode(name.ToUpperInvariant()))];

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
            V0RequestWriter.Write(json, message.Request, record.Shape, onOneLine: true);
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
            V0RequestWriter.Write(json, request, shape);
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
                V0RequestWriter.Write(json, request, V0Shape.Progress);
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
}
