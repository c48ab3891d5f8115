using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>Holds JSON against schemas of the document.</summary>
internal static class SchemaCheck
{
    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    // Replies may hold bodies of APIs, which are as deep as those like.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 2048 };

    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List };

    private static readonly ConcurrentDictionary<string, JsonSchema> Schemas = new();

    /// <summary>What of a text is not as a schema says.</summary>
    /// <param name="schema">A schema of the document.</param>
    /// <param name="json">The text.</param>
    /// <param name="isReply">
    /// Of a reply every property has to be in the document. Callers are told to ignore those that they don't know, so the
    /// document itself doesn't forbid them.
    /// </param>
    public static IEnumerable<string> FindProblems(JsonNode schema, string json, bool isReply)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Deep);
        }
        catch (JsonException exception)
        {
            return [$"no JSON: {exception.Message}"];
        }

        using (document)
        {
            var compiled = Schemas.GetOrAdd($"{isReply}{schema.ToJsonString()}", _ => Compile(schema, isReply));
            var result = compiled.Evaluate(document.RootElement, Options);
            return result.IsValid
                ? []
                :
                [
                    .. from detail in result.Details ?? []
                       from error in detail.Errors ?? new Dictionary<string, string>()
                       select $"{detail.InstanceLocation}: {error.Value} ({detail.EvaluationPath})",
                ];
        }
    }

    private static JsonSchema Compile(JsonNode schema, bool isReply)
    {
        var root = schema.DeepClone().AsObject();
        root["$schema"] = Draft;
        root["$defs"] = ApiDocument.Instance.Schemas.DeepClone();
        Prepare(root, isReply);
        return JsonSchema.FromText(root.ToJsonString());
    }

    // References to the document become references to what is brought along.
    private static void Prepare(JsonNode? node, bool isReply)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array)
                {
                    Prepare(item, isReply);
                }

                break;
            case JsonObject member:
                if (member["$ref"] is JsonValue reference)
                {
                    member["$ref"] = reference.GetValue<string>()
                        .Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
                }

                if (isReply && member["type"] is JsonValue && member["properties"] is JsonObject
                    && !member.ContainsKey("additionalProperties"))
                {
                    member["additionalProperties"] = false;
                }

                foreach (var (_, value) in member.ToArray())
                {
                    Prepare(value, isReply);
                }

                break;
        }
    }
}
