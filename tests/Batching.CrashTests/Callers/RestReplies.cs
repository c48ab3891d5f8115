using System.Text;
using System.Text.Json;
using Batching.CrashTests.History;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.Callers;

/// <summary>Reads the replies of the REST paths.</summary>
internal static class RestReplies
{
    /// <summary>A page of results.</summary>
    public static ResultPage ReadPage(JsonElement reply)
    {
        var batch = reply.GetProperty("Batch");
        var position = batch.GetProperty("position").GetInt64();
        var requests = batch.GetProperty("Requests");

        // The position is that of the last one, and those before it have the ones before it.
        var first = position - requests.GetArrayLength() + 1;
        return new ResultPage(
            ReadCounters(batch),
            position,
            [.. requests.EnumerateArray().Select((request, index) => ReadResult(request, first + index))]);
    }

    /// <summary>Whether a line of a stream tells only that it goes on.</summary>
    public static bool IsProgress(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.TryGetProperty("progress", out _);
    }

    /// <summary>A line of a stream; null for one that says why the stream can't go on.</summary>
    public static StreamRecord? ReadRecord(string line)
    {
        using var document = JsonDocument.Parse(line);
        var record = document.RootElement;
        if (record.TryGetProperty("Request", out var request))
        {
            return new StreamRecord(ReadResult(request, record.GetProperty("position").GetInt64()), 0);
        }

        return record.TryGetProperty("end", out _)
            ? new StreamRecord(null, record.GetProperty("runningRequests").GetInt64())
            : null;
    }

    public static Counters ReadCounters(JsonElement batch)
    {
        // Of an open batch more may come.
        var isOpen = batch.TryGetProperty("open", out var open) && open.GetBoolean();
        var running = batch.GetProperty("runningRequests").GetInt64();
        return new Counters(batch.GetProperty("totalRequests").GetInt64(), isOpen ? Math.Max(1, running) : running);
    }

    /// <summary>The reply to a call of a keyed batch.</summary>
    public static KeyedReply ReadKeyed(string token, JsonElement reply)
    {
        var headers = reply.GetProperty("headers");
        var status = headers.GetProperty("status-code").GetInt32();
        var data = reply.GetProperty("data");
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("code", out var code))
        {
            return new KeyedReply(token, status, code.GetString()!.ToUpperInvariant(), BodyHash.Of([]));
        }

        var isBinary = headers.TryGetProperty("encoding", out _);
        return new KeyedReply(token, status, null, BodyHash.Of(BodyOf(data, isBinary)));
    }

    private static ResultSeen ReadResult(JsonElement request, long position)
    {
        var path = request.GetProperty("path").GetString()!;
        JsonElement step = default;
        var isPage = request.TryGetProperty("params", out var parameters)
            && (parameters.TryGetProperty("page", out step) || parameters.TryGetProperty("cursor", out step));
        var status = request.GetProperty("responseStatusCode").GetInt32();
        var response = request.GetProperty("response");
        string? reason = null;
        if (response.ValueKind == JsonValueKind.Object && response.TryGetProperty("error", out var error))
        {
            reason = error.GetString();
        }

        var body = reason is null ? BodyOf(response, request.TryGetProperty("responseEncoding", out _)) : [];
        return new ResultSeen(
            request.GetProperty("id").GetString()!,
            RequestToken.Of(path, isPage, isPage && step.ValueKind != JsonValueKind.Null ? step.ToString() : ""),
            position,
            status,
            reason,
            request.GetProperty("responseSize").GetInt64(),
            BodyHash.Of(body),
            DateTimeOffset.FromUnixTimeSeconds(request.GetProperty("done").GetInt64()));
    }

    private static byte[] BodyOf(JsonElement response, bool isBinary) => response.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.String when isBinary => response.GetBytesFromBase64(),
        JsonValueKind.String => Encoding.UTF8.GetBytes(response.GetString()!),
        _ => Encoding.UTF8.GetBytes(response.GetRawText()),
    };
}
