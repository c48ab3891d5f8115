using System.Globalization;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Rest.Dialects;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Anthropic;

/// <summary>Writes batches and results as Anthropic has them.</summary>
internal static class MessageBatchWriter
{
    private const int MaxMessage = 1_000;

    /// <summary>A batch.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="path">The path of batches, below which its results are.</param>
    /// <param name="now">The time.</param>
    public static void WriteBatch(Utf8JsonWriter json, MessageBatch batch, string path, DateTimeOffset now)
    {
        var record = batch.Record;
        var isGone = record.Expired || record.ExpireTime <= now;
        json.WriteStartObject();
        json.WriteString("id"u8, batch.PublicId);
        json.WriteString("type"u8, "message_batch"u8);
        json.WriteString(
            "processing_status"u8, batch.HasEnded ? "ended"u8 : record.Cancelled ? "canceling"u8 : "in_progress"u8);
        json.WriteStartObject("request_counts"u8);

        // As Anthropic has it: all of them count as being processed until all have ended.
        json.WriteNumber("processing"u8, batch.HasEnded ? 0 : record.Total);
        json.WriteNumber("succeeded"u8, batch.HasEnded ? record.Finished - record.Failed : 0);
        json.WriteNumber("errored"u8, batch.HasEnded ? record.Failed - batch.Canceled - batch.Expired : 0);
        json.WriteNumber("canceled"u8, batch.Canceled);
        json.WriteNumber("expired"u8, batch.Expired);
        json.WriteEndObject();
        WriteTime(json, "ended_at"u8, record.DoneTime);
        WriteTime(json, "created_at"u8, record.CreateTime);
        WriteTime(json, "expires_at"u8, batch.ExpiresAt);
        WriteTime(json, "archived_at"u8, isGone ? record.ExpireTime : null);
        WriteTime(json, "cancel_initiated_at"u8, record.CancelTime);

        // Relative: the gateway does not know by which name it is called, and the client sends its credential there.
        json.WriteString("results_url"u8, batch.HasEnded && !isGone ? $"{path}/{batch.PublicId}/results" : null);
        json.WriteEndObject();
    }

    /// <summary>A page of batches.</summary>
    public static void WriteList(
        Utf8JsonWriter json, IReadOnlyList<MessageBatch> batches, bool hasMore, string path, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteStartArray("data"u8);
        foreach (var batch in batches)
        {
            WriteBatch(json, batch, path, now);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more"u8, hasMore);
        json.WriteString("first_id"u8, batches.Count > 0 ? batches[0].PublicId : null);
        json.WriteString("last_id"u8, batches.Count > 0 ? batches[^1].PublicId : null);
        json.WriteEndObject();
    }

    /// <summary>That a batch is deleted.</summary>
    public static void WriteDeleted(Utf8JsonWriter json, string publicId)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, publicId);
        json.WriteString("type"u8, "message_batch_deleted"u8);
        json.WriteEndObject();
    }

    /// <summary>A line of results.</summary>
    public static void WriteResult(Utf8JsonWriter json, Request request, int maxBytes)
    {
        json.WriteStartObject();
        json.WriteString("custom_id"u8, request.Key);
        json.WriteStartObject("result"u8);
        WriteOutcome(json, request.Response, maxBytes);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteOutcome(Utf8JsonWriter json, Response response, int maxBytes)
    {
        if (response.Error is { } failure)
        {
            WriteFailure(json, failure);
            return;
        }

        var body = ResponseBody.Of(response, maxBytes);
        if (response.StatusCode < StatusCodes.Status400BadRequest && body.Kind == ResponseBodyKind.Json)
        {
            json.WriteString("type"u8, "succeeded"u8);
            json.WritePropertyName("message"u8);
            ResultLines.WriteBody(json, response, maxBytes);
            return;
        }

        json.WriteString("type"u8, "errored"u8);
        json.WritePropertyName("error"u8);
        if (body.Kind == ResponseBodyKind.Json && IsError(body.Bytes.Span))
        {
            ResultLines.WriteBody(json, response, maxBytes);
            return;
        }

        var text = body.Kind == ResponseBodyKind.Json ? System.Text.Encoding.UTF8.GetString(body.Bytes.Span) : body.Text ?? "";
        AnthropicErrors.Write(
            json,
            response.StatusCode < StatusCodes.Status400BadRequest ? "api_error" : AnthropicErrors.TypeOf(response.StatusCode),
            string.Create(CultureInfo.InvariantCulture, $"{response.StatusCode} {CallerText.Shorten(text, MaxMessage)}"));
    }

    private static void WriteFailure(Utf8JsonWriter json, Google.Rpc.Status failure)
    {
        var reason = failure.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason;
        switch (reason)
        {
            case "CANCELLED":
                json.WriteString("type"u8, "canceled"u8);
                break;
            case "EXPIRED" or "BATCH_DEADLINE":
                json.WriteString("type"u8, "expired"u8);
                break;
            default:
                json.WriteString("type"u8, "errored"u8);
                json.WritePropertyName("error"u8);
                AnthropicErrors.Write(json, "api_error", failure.Message);
                break;
        }
    }

    // {"type": "error", "error": {…}}, in any order: an API of the same form says itself what is wrong.
    private static bool IsError(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body, ResponseBody.ReaderOptions);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var (isTyped, hasError) = (false, false);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isType, isError) = (json.ValueTextEquals("type"u8), json.ValueTextEquals("error"u8));
            json.Read();
            isTyped |= isType && json.TokenType == JsonTokenType.String && json.ValueTextEquals("error"u8);
            hasError |= isError && json.TokenType == JsonTokenType.StartObject;
            json.Skip();
        }

        return isTyped && hasError;
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
