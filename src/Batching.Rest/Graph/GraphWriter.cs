using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;

namespace Batching.Rest.Graph;

/// <summary>Writes the responses of a batch (OData JSON Format 4.01, section 19.6), in the order of the requests.</summary>
internal static class GraphWriter
{
    /// <summary>Writes all responses.</summary>
    /// <param name="reply">Where to write.</param>
    /// <param name="response">The responses.</param>
    /// <param name="submission">The requests.</param>
    /// <param name="maxBodyBytes">Bytes that a body may have that is decoded for it.</param>
    public static async ValueTask WriteAsync(
        JsonReply reply, RunBatchResponse response, GraphSubmission submission, int maxBodyBytes)
    {
        var json = reply.Json;
        json.WriteStartObject();
        json.WriteStartArray("responses"u8);
        for (var i = 0; i < response.Replies.Count; i++)
        {
            var call = response.Replies[i];
            Write(json, call.Key, submission.FindGroup(i), call.Response, maxBodyBytes);
            await reply.FlushIfFullAsync();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes one response.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="id">The id of its request.</param>
    /// <param name="group">The atomicity group of its request; null if it has none.</param>
    /// <param name="response">The response.</param>
    /// <param name="maxBodyBytes">Bytes that a body may have that is decoded for it.</param>
    public static void Write(Utf8JsonWriter json, string id, string? group, Response response, int maxBodyBytes)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        if (group is not null)
        {
            json.WriteString("atomicityGroup"u8, group);
        }

        json.WriteNumber("status"u8, response.StatusCode);
        Write(json, response, maxBodyBytes);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Response response, int maxBodyBytes)
    {
        if (response.Error is { } error)
        {
            json.WriteStartObject("headers"u8);
            json.WriteString("content-type"u8, "application/json"u8);
            json.WriteEndObject();
            json.WritePropertyName("body"u8);
            GraphErrors.Write(json, response.StatusCode, error);
            return;
        }

        var body = ResponseBody.Of(response, maxBodyBytes);
        WriteHeaders(json, response, body);
        switch (body.Kind)
        {
            case ResponseBodyKind.Json:
                json.WritePropertyName("body"u8);
                // It was validated when it was classified.
                json.WriteRawValue(body.Bytes.Span, skipInputValidation: true);
                break;
            case ResponseBodyKind.Text or ResponseBodyKind.DeepJson:
                json.WriteString("body"u8, body.Text);
                break;
            case ResponseBodyKind.Binary:
                json.WriteBase64String("body"u8, body.Bytes.Span);
                break;
        }
    }

    private static void WriteHeaders(Utf8JsonWriter json, Response response, in ResponseBody body)
    {
        json.WriteStartObject("headers"u8);
        foreach (var (name, value) in response.Headers)
        {
            // The length is that of bytes that nobody gets, and the encoding is not true of a body that is shown decoded.
            if (name != "content-length" && !(body.IsDecoded && name == "content-encoding"))
            {
                json.WriteString(name, value);
            }
        }

        json.WriteEndObject();
    }
}
