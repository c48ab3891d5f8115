using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.Rest.Tests.Http;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Holds calls and their replies against the document.</summary>
internal static class DocumentCheck
{
    private const string Json = "application/json";
    private const string Lines = "application/x-ndjson";
    private const string Events = "text/event-stream";
    private const string DataPrefix = "data: ";

    /// <summary>What is not as the document says.</summary>
    public static IEnumerable<string> FindProblems(HttpCall call, HttpReply reply)
    {
        var path = PathOf(call);

        // Browsers ask with OPTIONS what they may do, and streams have no HEAD.
        if (!path.StartsWith("/api/", StringComparison.Ordinal) || reply.IsCut || call.Method == "OPTIONS" || reply.Status == 405)
        {
            return [];
        }

        if (ApiDocument.Instance.Find(call.Method, path) is not { } operation)
        {
            return StatusOf(call, reply) >= 400 ? [] : [$"{call.Method} {path} is not in the document, and answers {reply.Status}."];
        }

        var status = StatusOf(call, reply).ToString(CultureInfo.InvariantCulture);
        if (!operation.Responses.TryGetValue(status, out var response))
        {
            return [$"{operation.Id} does not say that it answers {status}."];
        }

        return [.. FindBodyProblems(call, reply, operation, response), .. FindRequestProblems(call, reply, operation)];
    }

    private static IEnumerable<string> FindBodyProblems(
        HttpCall call, HttpReply reply, ApiOperation operation, JsonObject response)
    {
        if (call.Method == "HEAD" || reply.DecodedBody.Length == 0)
        {
            return [];
        }

        var mediaType = FieldOf(reply, "Content-Type").Split(';')[0];
        var contents = response["content"]?.AsObject() ?? [];
        if ((contents[mediaType] ?? contents["*/*"])?["schema"] is not { } schema)
        {
            return [$"{operation.Id} does not say that it answers {reply.Status} with {mediaType}."];
        }

        // Bodies of APIs are of any form, JSON that isn't one included.
        return schema["anyOf"] is null && schema["oneOf"] is null && schema["$ref"] is null && schema["type"] is null
            ? []
            : RecordsOf(mediaType, operation.IsStream && reply.Status == 200, Encoding.UTF8.GetString(reply.DecodedBody))
                .SelectMany(record => SchemaCheck.FindProblems(schema, record, isReply: true)
                    .Select(problem => $"{operation.Id}, {reply.Status}: {problem}"));
    }

    // A call that succeeds has a body as the document wants it. In a keyed batch some calls may be bad all the same.
    private static IEnumerable<string> FindRequestProblems(HttpCall call, HttpReply reply, ApiOperation operation)
    {
        if (call.Body is not { Length: > 0 } body
            || reply.Status != 200
            || StatusOf(call, reply) != 200
            || call.Header("Content-Encoding").Length > 0
            || operation.Path.StartsWith("/api/v2", StringComparison.Ordinal)
            || operation.Path.EndsWith(":run", StringComparison.Ordinal)
            || operation.Body?["content"]?[Json]?["schema"] is not { } schema)
        {
            return [];
        }

        var text = JsonNode.Parse(body.AsSpan(body.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0), documentOptions: new() { AllowDuplicateProperties = true });
        return SchemaCheck.FindProblems(schema, WithoutNulls(text)!.ToJsonString(), isReply: false).Select(problem => $"{operation.Id}, request: {problem}");
    }

    private static IEnumerable<string> RecordsOf(string mediaType, bool isStream, string text) => mediaType switch
    {
        Events => text.Split('\n').Where(line => line.StartsWith(DataPrefix, StringComparison.Ordinal))
            .Select(line => line[DataPrefix.Length..]),
        Lines => text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        Json when isStream => text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        _ => [text],
    };

    // What is null counts as not given.
    private static JsonNode? WithoutNulls(JsonNode? node) => node switch
    {
        JsonArray items => new JsonArray([.. items.Select(WithoutNulls)]),
        JsonObject members => new JsonObject(
            from member in members
            where member.Value is not null
            select KeyValuePair.Create(member.Key, member.Key is "body" or "params" ? member.Value.DeepClone() : WithoutNulls(member.Value))),
        _ => node?.DeepClone(),
    };

    // As servers read it: without `..`, and without escapes that nobody needs.
    private static string PathOf(HttpCall call) => call.Target.StartsWith('/')
        ? new Uri("http://gateway" + call.Target).AbsolutePath
        : "";

    // Errors may come with 200 if the call asks for that; they say their status themselves.
    private static int StatusOf(HttpCall call, HttpReply reply)
    {
        if (reply.Status != 200
            || !call.Target.Replace("_", "", StringComparison.Ordinal)
                .Contains("suppressResponseCodes", StringComparison.OrdinalIgnoreCase)
            || !FieldOf(reply, "Content-Type").StartsWith(Json, StringComparison.Ordinal))
        {
            return reply.Status;
        }

        using var body = JsonDocument.Parse(reply.DecodedBody);
        return body.RootElement.TryGetProperty("statusCode", out var status) || body.RootElement.TryGetProperty("status", out status)
            ? status.GetInt32()
            : reply.Status;
    }

    private static string FieldOf(HttpReply reply, string name) =>
        reply.Headers.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";
}
