using System.Text.Json;
using Batching.Contracts.OpenAi;
using Batching.Rest.Calls;
using Batching.Rest.Requests;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.OpenAi;

/// <summary>Reads the body of a submission.</summary>
internal static class OpenAiSubmission
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxEntries = 16;
    private const int MaxName = 64;
    private const int MaxValue = 512;
    private const int MinSeconds = 3_600;
    private const int MaxEndpoint = 512;
    private const string Window = "24h";
    private const string Anchor = "created_at";

    /// <summary>Reads it.</summary>
    /// <exception cref="RefusedCallException">It is not what it should be.</exception>
    public static async ValueTask<StoredBatch> ReadAsync(HttpRequest request, OpenAiOptions options)
    {
        var body = await RequestBody.ReadAsync(request, MaxBytes);
        try
        {
            using var json = JsonDocument.Parse(body.Json);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? Read(json.RootElement, options)
                : throw new RefusedCallException("", "The body must be a JSON object.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new RefusedCallException("", "The body is not valid JSON.");
        }
        finally
        {
            body.Release();
        }
    }

    private static StoredBatch Read(JsonElement json, OpenAiOptions options)
    {
        var batch = new StoredBatch
        {
            InputFile = OpenAiId.ToFile(ReadText(json, "input_file_id")),
            Endpoint = ReadText(json, "endpoint"),
            CompletionWindow = ReadText(json, "completion_window"),
            WindowSeconds = (long)options.CompletionWindow.TotalSeconds,
            OutputSeconds = (long)options.OutputRetention.TotalSeconds,
            Order = options.GroupBy switch
            {
                OpenAiGrouping.Model => LineOrder.Model,
                OpenAiGrouping.ModelAndPrompt => LineOrder.ModelAndPrompt,
                _ => LineOrder.Unspecified,
            },
        };
        if (!batch.Endpoint.StartsWith('/') || batch.Endpoint.Length > MaxEndpoint)
        {
            throw new RefusedCallException("endpoint", "must be a path such as /v1/chat/completions");
        }

        if (batch.CompletionWindow != Window)
        {
            throw new RefusedCallException("completion_window", $"must be '{Window}'");
        }

        if (json.TryGetProperty("metadata", out var metadata) && metadata.ValueKind != JsonValueKind.Null)
        {
            ReadMetadata(metadata, batch);
        }

        if (json.TryGetProperty("output_expires_after", out var expiry) && expiry.ValueKind != JsonValueKind.Null)
        {
            batch.OutputSeconds = Math.Min(batch.OutputSeconds, ReadExpiry(expiry));
        }

        return batch;
    }

    private static string ReadText(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new RefusedCallException(name, "is required, and a text");

    private static void ReadMetadata(JsonElement metadata, StoredBatch batch)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
        {
            throw new RefusedCallException("metadata", "must be an object");
        }

        batch.HasMetadata = true;
        foreach (var entry in metadata.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String
                || entry.Name.Length > MaxName
                || entry.Value.GetString() is not { Length: <= MaxValue } value)
            {
                throw new RefusedCallException(
                    "metadata", $"must have texts only, names of at most {MaxName} and values of at most {MaxValue} characters");
            }

            batch.Metadata[entry.Name] = value;
        }

        if (batch.Metadata.Count > MaxEntries)
        {
            throw new RefusedCallException("metadata", $"must have at most {MaxEntries} entries");
        }
    }

    private static long ReadExpiry(JsonElement expiry)
    {
        const string Field = "output_expires_after";
        if (expiry.ValueKind != JsonValueKind.Object
            || !expiry.TryGetProperty("anchor", out var anchor)
            || anchor.ValueKind != JsonValueKind.String
            || anchor.GetString() != Anchor)
        {
            throw new RefusedCallException($"{Field}.anchor", $"must be '{Anchor}'");
        }

        return expiry.TryGetProperty("seconds", out var seconds)
            && seconds.ValueKind == JsonValueKind.Number
            && seconds.TryGetInt32(out var given)
            && given >= MinSeconds
                ? given
                : throw new RefusedCallException($"{Field}.seconds", $"must be a whole number, at least {MinSeconds}");
    }
}
