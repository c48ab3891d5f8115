using System.Text.Json;
using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Rest.OpenAi;

/// <summary>A line of an input file: one request.</summary>
internal static class OpenAiLine
{
    // The form of line breaks and blanks in front is nothing to be strict about.
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line, without its break.</param>
    /// <param name="endpoint">The endpoint of its batch.</param>
    /// <param name="depth">Levels of its JSON.</param>
    /// <param name="request">The request, with its <c>custom_id</c> as its key.</param>
    /// <returns>The problem of the line, whose field is the property; null for none.</returns>
    public static Problem? Read(ReadOnlySpan<byte> line, string endpoint, int depth, out Request request)
    {
        request = new Request { Path = endpoint, Method = "POST" };
        if (line.StartsWith(ByteOrderMark))
        {
            line = line[ByteOrderMark.Length..];
        }

        try
        {
            var json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = depth });
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return Bad("", "invalid_json_line", "is not a JSON object");
            }

            var problem = ReadMembers(ref json, line, endpoint, request);
            return problem ?? (json.Read() ? Bad("", "invalid_json_line", "has more than one JSON value") : null);
        }
        catch (JsonException)
        {
            return Bad("", "invalid_json_line", "is not JSON");
        }
        catch (InvalidOperationException)
        {
            // A text that is no valid UTF-8, or has half of a surrogate pair.
            return Bad("", "invalid_json_line", "is not valid UTF-8");
        }
    }

    /// <summary>Whether a line has nothing in it but white space.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> line) => !line.ContainsAnyExcept(" \t\r"u8);

    private static Problem? ReadMembers(
        ref Utf8JsonReader json, ReadOnlySpan<byte> line, string endpoint, Request request)
    {
        string? id = null;
        string? method = null;
        string? url = null;
        var hasBody = false;
        Problem? bodyProblem = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("custom_id"u8))
            {
                id = ReadText(ref json);
            }
            else if (json.ValueTextEquals("method"u8))
            {
                method = ReadText(ref json);
            }
            else if (json.ValueTextEquals("url"u8))
            {
                url = ReadText(ref json);
            }
            else if (json.ValueTextEquals("body"u8))
            {
                json.Read();
                hasBody = json.TokenType == JsonTokenType.StartObject;
                var start = (int)json.TokenStartIndex;
                bodyProblem = hasBody ? ReadBody(ref json) : null;
                json.Skip();
                request.Body = ByteString.CopyFrom(line[start..(int)json.BytesConsumed]);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        request.Key = id ?? "";
        request.Path = url ?? endpoint;
        return string.IsNullOrEmpty(id) ? Missing("custom_id")
            : method is null ? Missing("method")
            : method != "POST" ? Bad("method", "invalid_method", "must be 'POST'")
            : url is null ? Missing("url")
            : !IsAtOrBelow(url, endpoint) ? Bad("url", "invalid_url", "must be the endpoint of the batch, or below it")
            : !hasBody ? Bad("body", "missing_required_parameter", "must be a JSON object")
            : bodyProblem;
    }

    private static bool IsAtOrBelow(string url, string endpoint) =>
        url.StartsWith(endpoint, StringComparison.Ordinal)
        && (url.Length == endpoint.Length || url[endpoint.Length] == '/' || endpoint.EndsWith('/'));

    // Looks for what a batch can't have, and stays at the end of the object.
    private static Problem? ReadBody(ref Utf8JsonReader json)
    {
        Problem? problem = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isStream = json.ValueTextEquals("stream"u8);
            json.Read();
            if (isStream && json.TokenType == JsonTokenType.True)
            {
                problem = Bad("body.stream", "invalid_request", "must not be true: a batch has no streams");
            }

            json.Skip();
        }

        return problem;
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            return json.GetString();
        }

        json.Skip();
        return null;
    }

    private static Problem Missing(string field) => Bad(field, "missing_required_parameter", "is required, and a text");

    private static Problem Bad(string field, string code, string message) => new(field, message) { Code = code };
}
