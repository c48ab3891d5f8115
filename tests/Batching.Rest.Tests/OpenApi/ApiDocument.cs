using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>The description of the REST paths that the gateway serves at <c>/openapi.json</c>.</summary>
internal sealed class ApiDocument
{
    private static readonly string[] Verbs = ["get", "post", "put", "patch", "delete"];

    // As the file is written: two blanks, and no escapes that nobody needs.
    private static readonly JsonSerializerOptions Form = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private ApiDocument(JsonObject root)
    {
        Root = root;
        Operations =
        [
            .. from path in root["paths"]!.AsObject()
               from verb in path.Value!.AsObject()
               where Verbs.Contains(verb.Key)
               select new ApiOperation(this, path.Key, verb.Key.ToUpperInvariant(), verb.Value!.AsObject()),
        ];
    }

    public static ApiDocument Instance { get; } = Read();

    public JsonObject Root { get; }

    public IReadOnlyList<ApiOperation> Operations { get; }

    /// <summary>The schemas by name.</summary>
    public JsonObject Schemas => Root["components"]!["schemas"]!.AsObject();

    /// <summary>The operation of a call; null if there is none.</summary>
    /// <param name="method">The method; <c>HEAD</c> finds what <c>GET</c> does.</param>
    /// <param name="path">The path, without its query.</param>
    public ApiOperation? Find(string method, string path)
    {
        var trimmed = path.TrimEnd('/');
        var verb = method.ToUpperInvariant();
        return Operations
            .Where(operation => operation.Verb == (verb == "HEAD" ? "GET" : verb) && operation.Matches(trimmed))

            // A path without parameters goes first.
            .MinBy(operation => operation.Path.Count(character => character == '{'));
    }

    /// <summary>What a reference leads to, or the node itself.</summary>
    public JsonObject Resolve(JsonNode node)
    {
        if (node["$ref"]?.GetValue<string>() is not { } reference)
        {
            return node.AsObject();
        }

        JsonNode target = Root;
        foreach (var name in reference.TrimStart('#', '/').Split('/'))
        {
            target = target[name] ?? throw new KeyNotFoundException($"{reference} leads nowhere.");
        }

        return target.AsObject();
    }

    /// <summary>The text of the file.</summary>
    public string Write() => Root.ToJsonString(Form) + "\n";

    private static ApiDocument Read()
    {
        using var stream = Assembly.Load("Batching.Server").GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("The gateway has no openapi.json.");
        return new ApiDocument(JsonNode.Parse(stream)!.AsObject());
    }
}
