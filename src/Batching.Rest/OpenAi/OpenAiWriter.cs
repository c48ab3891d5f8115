using System.Text.Json;
using Batching.Contracts.OpenAi;
using Batching.Engine.Model;
using Batching.Rest.Dialects;
using Batching.V1;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.OpenAi;

/// <summary>Writes files, batches and results as OpenAI has them.</summary>
internal static class OpenAiWriter
{
    /// <summary>A batch.</summary>
    public static void WriteBatch(Utf8JsonWriter json, OpenAiState batch)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, OpenAiId.OfBatch(batch.Id));
        json.WriteString("object"u8, "batch"u8);
        json.WriteString("endpoint"u8, batch.Stored.Endpoint);
        json.WritePropertyName("errors"u8);
        WriteProblems(json, batch.Problems);
        json.WriteString("input_file_id"u8, OpenAiId.OfFile(batch.Stored.InputFile));
        json.WriteString("completion_window"u8, batch.Stored.CompletionWindow);
        json.WriteString("status"u8, batch.Status);
        json.WriteString("output_file_id"u8, batch is { HasOutput: true, Completed: > 0 } ? OpenAiId.OfOutput(batch.Id) : null);
        json.WriteString("error_file_id"u8, batch is { HasOutput: true, Failed: > 0 } ? OpenAiId.OfErrors(batch.Id) : null);
        WriteTime(json, "created_at"u8, batch.CreatedAt);
        WriteTime(json, "in_progress_at"u8, batch.Record?.CreateTime);
        WriteTime(json, "expires_at"u8, batch.ExpiresAt);
        WriteTime(json, "finalizing_at"u8, batch.CompletedAt ?? batch.ExpiredAt);
        WriteTime(json, "completed_at"u8, batch.CompletedAt);
        WriteTime(json, "failed_at"u8, batch.FailedAt);
        WriteTime(json, "expired_at"u8, batch.ExpiredAt);
        WriteTime(json, "cancelling_at"u8, batch.CancellingAt);
        WriteTime(json, "cancelled_at"u8, batch.CancelledAt);
        json.WriteStartObject("request_counts"u8);
        json.WriteNumber("total"u8, batch.Record?.Total ?? 0);
        json.WriteNumber("completed"u8, batch.Completed);
        json.WriteNumber("failed"u8, batch.Failed);
        json.WriteEndObject();
        WriteMetadata(json, batch.Stored);
        json.WriteEndObject();
    }

    /// <summary>A file that was uploaded.</summary>
    public static void WriteFile(Utf8JsonWriter json, string id, FileRecord file) => WriteFile(
        json, OpenAiId.OfFile(id), file.Bytes, file.CreateTime, file.ExpireTime, file.Name, file.Purpose);

    /// <summary>A file of results.</summary>
    public static void WriteOutput(Utf8JsonWriter json, OpenAiState batch, bool isErrors, long bytes) => WriteFile(
        json,
        isErrors ? OpenAiId.OfErrors(batch.Id) : OpenAiId.OfOutput(batch.Id),
        bytes,
        batch.Record!.DoneTime!.Value,
        batch.OutputExpiresAt!.Value,
        $"{OpenAiId.OfBatch(batch.Id)}_{(isErrors ? "errors" : "output")}.jsonl",
        "batch_output");

    /// <summary>A page of a list.</summary>
    /// <typeparam name="T">Its entries.</typeparam>
    /// <param name="json">Where to.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="hasMore">Whether there are others behind them.</param>
    /// <param name="idOf">The id of an entry.</param>
    /// <param name="write">Writes an entry.</param>
    public static void WriteList<T>(
        Utf8JsonWriter json, IReadOnlyList<T> entries, bool hasMore, Func<T, string> idOf, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var entry in entries)
        {
            write(json, entry);
        }

        json.WriteEndArray();
        json.WriteString("first_id"u8, entries.Count > 0 ? idOf(entries[0]) : null);
        json.WriteString("last_id"u8, entries.Count > 0 ? idOf(entries[^1]) : null);
        json.WriteBoolean("has_more"u8, hasMore);
        json.WriteEndObject();
    }

    /// <summary>That a file is deleted.</summary>
    public static void WriteDeleted(Utf8JsonWriter json, string fileId)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, fileId);
        json.WriteString("object"u8, "file"u8);
        json.WriteBoolean("deleted"u8, true);
        json.WriteEndObject();
    }

    /// <summary>Whether a result belongs in the file of those that failed.</summary>
    public static bool IsError(Request request) =>
        request.Response.Error is not null || request.Response.StatusCode >= StatusCodes.Status400BadRequest;

    /// <summary>A line of a file of results.</summary>
    public static void WriteResult(Utf8JsonWriter json, Request request, int maxBytes)
    {
        var response = request.Response;
        json.WriteStartObject();
        json.WriteString("id"u8, $"batch_req_{request.Id}");
        json.WriteString("custom_id"u8, request.Key);
        if (response.Error is { } error)
        {
            json.WriteNull("response"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("code"u8, CodeOf(error));
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("response"u8);
            json.WriteNumber("status_code"u8, response.StatusCode);
            json.WriteString(
                "request_id"u8, response.Headers.TryGetValue("x-request-id", out var id) ? id : $"req_{request.Id}");
            json.WritePropertyName("body"u8);
            ResultLines.WriteBody(json, response, maxBytes);
            json.WriteEndObject();
            json.WriteNull("error"u8);
        }

        json.WriteEndObject();
    }

    private static string CodeOf(Google.Rpc.Status error)
    {
        var reason = error.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Reason;
        return reason switch
        {
            "EXPIRED" or "BATCH_DEADLINE" => "batch_expired",
            "CANCELLED" => "batch_cancelled",
            null => "unknown",
            _ => reason.ToLowerInvariant(),
        };
    }

    private static void WriteFile(
        Utf8JsonWriter json,
        string id,
        long bytes,
        DateTimeOffset createTime,
        DateTimeOffset expireTime,
        string name,
        string purpose)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("object"u8, "file"u8);
        json.WriteNumber("bytes"u8, bytes);
        WriteTime(json, "created_at"u8, createTime);
        WriteTime(json, "expires_at"u8, expireTime);
        json.WriteString("filename"u8, name);
        json.WriteString("purpose"u8, purpose);
        json.WriteString("status"u8, "processed"u8);
        json.WriteNull("status_details"u8);
        json.WriteEndObject();
    }

    private static void WriteProblems(Utf8JsonWriter json, byte[]? stored)
    {
        if (stored is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var problem in StoredProblems.Parser.ParseFrom(stored).Problems)
        {
            json.WriteStartObject();
            json.WriteString("code"u8, problem.Code);
            json.WriteString("message"u8, problem.Message);
            json.WriteString("param"u8, problem.Param.Length > 0 ? problem.Param : null);
            if (problem.Line > 0)
            {
                json.WriteNumber("line"u8, problem.Line);
            }
            else
            {
                json.WriteNull("line"u8);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter json, StoredBatch batch)
    {
        if (!batch.HasMetadata)
        {
            json.WriteNull("metadata"u8);
            return;
        }

        json.WriteStartObject("metadata"u8);
        foreach (var (name, value) in batch.Metadata)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteNumber(name, known.ToUnixTimeSeconds());
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
