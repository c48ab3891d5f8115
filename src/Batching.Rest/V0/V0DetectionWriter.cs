using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Rest.V0;

/// <summary>Writes what the first page of a spawner shows, as the v0 paths have it.</summary>
internal static class V0DetectionWriter
{
    public static void Write(Utf8JsonWriter json, DetectPaginationResponse found)
    {
        json.WriteStartObject();
        json.WriteStartObject("Page"u8);
        json.WriteNumber("responseStatusCode"u8, found.StatusCode);
        if (found.HasItems)
        {
            json.WriteNumber("items"u8, found.Items);
        }

        json.WriteString("style"u8, V0Pagination.NameOf(found.Style));
        if (found.Rule.Length > 0)
        {
            json.WriteString("rule"u8, found.Rule);
        }

        if (found.NextPage is { } next)
        {
            json.WritePropertyName("next"u8);
            WriteRequest(json, next);
        }

        if (found.Error is { } error)
        {
            json.WritePropertyName("error"u8);
            V0ResponseWriter.WriteGatewayError(json, statusCode: 0, error);
        }

        if (found.Pagination is { } pagination)
        {
            json.WritePropertyName("pagination"u8);
            V0Pagination.Write(json, pagination);
        }

        if (found.Preset.Length > 0)
        {
            json.WriteString("preset"u8, found.Preset);
        }

        json.WriteEndObject();
        json.WriteNumber("statusCode"u8, StatusCodes.Status200OK);
        json.WriteEndObject();
    }

    // As it could be submitted.
    private static void WriteRequest(Utf8JsonWriter json, Request request)
    {
        json.WriteStartObject();
        json.WriteString("path"u8, request.Path);
        json.WriteString("method"u8, request.Method);
        if (request.Headers.Count > 0)
        {
            json.WriteStartObject("headers"u8);
            foreach (var (name, value) in request.Headers)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        if (request.Body.Length > 0)
        {
            WriteBody(json, request);
        }

        json.WriteEndObject();
    }

    private static void WriteBody(Utf8JsonWriter json, Request request)
    {
        var body = ResponseBody.Of(new Response { Body = request.Body, ContentType = "application/json" }, maxBytes: 0);
        json.WritePropertyName("body"u8);
        if (body.Kind == ResponseBodyKind.Json)
        {
            JsonText.WriteRaw(json, body.Bytes.Span, onOneLine: false);
        }
        else
        {
            json.WriteStringValue(body.Text ?? request.Body.ToStringUtf8());
        }
    }
}
