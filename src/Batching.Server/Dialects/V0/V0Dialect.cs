using System.Buffers;
using System.Text.Json;
using Batching.Engine;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding;

namespace Batching.Server.Dialects.V0;

/// <summary>
/// The JSON of the paths under <c>/api/v0</c>: <c>{"Batch": {…}, "statusCode": 200}</c> for every success,
/// <c>{"message", "statusCode", "error"}</c> for every error.
/// </summary>
/// <param name="maxDepth">Levels that the JSON of a submission may have.</param>
internal sealed class V0Dialect(int maxDepth) : JsonDialect
{
    public override bool AcceptsAnyContentType => true;

    public override bool KeepsRaw(in Utf8JsonReader name, JsonTokenType value) =>
        name.CurrentDepth == 2
        && (name.ValueTextEquals("body"u8) || (value == JsonTokenType.StartArray && name.ValueTextEquals("params"u8)));

    public override void ReadBody(
        HttpContext context, TranscodedRoute route, in ReadOnlySequence<byte> json, IMessage request)
    {
        // The other calls take no body; what old clients send with them means nothing.
        if (request is CreateBatchRequest create)
        {
            context.Features.Set<IReadOnlyList<Problem>>(V0RequestReader.Read(json, maxDepth, create));
        }
    }

    public override void ReadQuery(
        HttpContext context,
        TranscodedRoute route,
        IReadOnlyList<KeyValuePair<string, string>> query,
        IMessage request) =>
        V0QueryReader.Read(query, request);

    public override async ValueTask WriteResponseAsync(
        JsonResponseWriter writer, TranscodedRoute route, IMessage request, IMessage response)
    {
        var json = writer.Json;
        json.WriteStartObject();
        switch (response)
        {
            case CreateBatchResponse created:
                await WriteBatchAsync(writer, created.Batch, V0Property.Default, position: null);
                break;
            case FetchBatchResponse fetched:
                var fetch = (FetchBatchRequest)request;
                await WriteBatchAsync(
                    writer,
                    fetched.Batch,
                    V0Property.Of(fetch.RequestFields),
                    fetch.RequestIds.Count == 0 ? fetched.Position : null);
                break;
            case GetBatchStatusResponse status:
                var statusRequest = (GetBatchStatusRequest)request;
                var isDetailed = statusRequest.Detailed || statusRequest.RequestIds.Count > 0;
                json.WritePropertyName("Batch"u8);
                WriteStatus(json, status.Batch, isDetailed);
                break;
            case CancelBatchResponse cancelled:
                json.WritePropertyName("Batch"u8);
                WriteStatus(json, cancelled.Batch, isDetailed: false);
                break;
            case DeleteBatchResponse deleted:
                json.WritePropertyName("Batch"u8);
                WriteStatus(json, deleted.Batch, isDetailed: false);
                break;
            case ListBatchesResponse list:
                WriteList(json, list);
                break;
            default:
                throw new InvalidOperationException($"v0 has no form for {response.Descriptor.FullName}.");
        }

        json.WriteNumber("statusCode"u8, StatusCodes.Status200OK);
        json.WriteEndObject();
    }

    public override void WriteStreamMessage(
        Utf8JsonWriter writer, TranscodedRoute route, IMessage request, IMessage message)
    {
        var record = (FetchResultsResponse)message;
        writer.WriteStartObject();
        if (record.RecordCase == FetchResultsResponse.RecordOneofCase.End)
        {
            writer.WriteBoolean("end"u8, true);
            writer.WriteNumber("position"u8, record.Position);
            writer.WriteNumber("runningRequests"u8, record.End.RunningRequests);
        }
        else
        {
            writer.WriteNumber("position"u8, record.Position);
            writer.WritePropertyName("Request"u8);
            var properties = V0Property.Of(((FetchResultsRequest)request).RequestFields);
            V0Writer.WriteRequest(writer, record.Request, properties, onOneLine: true);
        }

        writer.WriteEndObject();
    }

    public override bool WriteStreamEnd(
        Utf8JsonWriter writer, TranscodedRoute route, IMessage request, Status status)
    {
        if (status.Code == (int)Code.Ok)
        {
            // The contract has a last record of its own.
            return false;
        }

        // Not the record that says the stream is complete: whoever looks for that takes the stream as cut.
        writer.WriteStartObject();
        writer.WriteString("message"u8, status.Message);
        writer.WriteString("error"u8, V0Errors.NameOf(status.Code));
        writer.WriteEndObject();
        return true;
    }

    public override void WriteError(HttpContext context, Utf8JsonWriter writer, int httpStatus, Status status) =>
        V0Errors.Write(writer, httpStatus, status);

    public override int GetHttpStatus(HttpContext context, int httpStatus) =>
        QueryValues.ParseBoolean(context.Request.Query["suppress_response_codes"].ToString()) == true
            ? StatusCodes.Status200OK
            : httpStatus;

    private static async ValueTask WriteBatchAsync(
        JsonResponseWriter writer, Batch batch, IReadOnlySet<string> properties, long? position)
    {
        var json = writer.Json;
        json.WriteStartObject("Batch"u8);
        V0Writer.WriteCounters(json, batch);
        if (position is { } known)
        {
            json.WriteNumber("position"u8, known);
        }

        json.WriteStartArray("Requests"u8);
        foreach (var request in batch.Requests)
        {
            V0Writer.WriteRequest(json, request, properties);
            await writer.FlushIfFullAsync();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter json, Batch batch, bool isDetailed)
    {
        json.WriteStartObject();
        V0Writer.WriteCounters(json, batch);
        json.WriteNumber("responseSize"u8, batch.ResponseSize);
        if (isDetailed)
        {
            json.WriteStartArray("Requests"u8);
            foreach (var request in batch.Requests)
            {
                V0Writer.WriteRequest(json, request, V0Property.Progress);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, ListBatchesResponse list)
    {
        json.WriteStartArray("Batches"u8);
        foreach (var batch in list.Batches)
        {
            WriteStatus(json, batch, isDetailed: false);
        }

        json.WriteEndArray();
        if (list.NextPageToken.Length > 0)
        {
            json.WriteString("nextPageToken"u8, list.NextPageToken);
        }
    }
}
