using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Batching.Rest.Tests.OpenApi;

/// <summary>An operation of the document: a path and a verb.</summary>
internal sealed class ApiOperation(ApiDocument document, string path, string verb, JsonObject node)
{
    private readonly Regex _pattern =
        new("^" + Regex.Replace(Regex.Escape(path), @"\\\{[^}]+}", "[^/:]+") + "$", RegexOptions.CultureInvariant);

    public string Id => node["operationId"]!.GetValue<string>();

    public string Path => path;

    public string Verb => verb;

    /// <summary>Whether its replies are records one after the other.</summary>
    public bool IsStream =>
        path.EndsWith(":stream", StringComparison.Ordinal) || path.EndsWith(":watch", StringComparison.Ordinal)
        || path.EndsWith(":submit", StringComparison.Ordinal);

    public JsonObject? Body => node["requestBody"]?.AsObject();

    /// <summary>The parameters, without references.</summary>
    public IReadOnlyList<JsonObject> Parameters =>
        [.. (node["parameters"]?.AsArray() ?? []).Select(parameter => document.Resolve(parameter!))];

    /// <summary>The responses by status, without references.</summary>
    public IReadOnlyDictionary<string, JsonObject> Responses => node["responses"]!.AsObject()
        .ToDictionary(response => response.Key, response => document.Resolve(response.Value!));

    /// <summary>The names of all examples of requests and replies.</summary>
    public IEnumerable<string> ExampleNames =>
        Parameters.Append(Body?["content"]?["application/json"]?.AsObject())
            .Concat(Responses.Values.SelectMany(ContentsOf))
            .SelectMany(holder => holder?["examples"]?.AsObject().Select(example => example.Key) ?? [])
            .Distinct(StringComparer.Ordinal);

    public bool Matches(string requested) => _pattern.IsMatch(requested);

    /// <summary>The value of an example of the body; null if it has none of this name.</summary>
    public JsonNode? FindBody(string example) =>
        Body?["content"]?["application/json"]?["examples"]?[example]?["value"];

    /// <summary>The reply of this name: its status, media type and the example.</summary>
    public (string Status, string MediaType, JsonObject Example) FindReply(string example) =>
        (from response in Responses
         from content in response.Value["content"]?.AsObject() ?? []
         where content.Value!["examples"]?[example] is not null
         select (response.Key, content.Key, content.Value["examples"]![example]!.AsObject())).Single();

    private static IEnumerable<JsonObject?> ContentsOf(JsonObject response) =>
        (response["content"]?.AsObject() ?? []).Select(content => content.Value?.AsObject());
}
