using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.V0;

/// <summary>The properties of a request in v0 replies, and the fields of the contract they come from.</summary>
internal static class V0Property
{
    public const string Id = "id";
    public const string SpawnedBy = "spawnedBy";
    public const string Created = "created";
    public const string Done = "done";
    public const string Path = "path";
    public const string Method = "method";
    public const string Params = "params";
    public const string StatusCode = "responseStatusCode";
    public const string Size = "responseSize";
    public const string Response = "response";
    public const string Headers = "responseHeaders";
    public const string Index = "index";
    public const string Pagination = "pagination";
    public const string Key = "key";
    public const string DependsOn = "dependsOn";
    public const string RunWhen = "runWhen";
    public const string References = "references";

    /// <summary>Each property with the fields to ask for.</summary>
    public static IReadOnlyDictionary<string, string[]> Fields { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        [Id] = ["id"],
        [SpawnedBy] = ["spawned_by"],
        [Created] = ["create_time"],
        [Done] = ["done_time"],
        [Path] = ["path"],
        [Method] = ["method"],
        [Params] = ["params", "params_json"],
        [StatusCode] = ["response.status_code"],
        [Size] = ["response.size"],
        [Response] =
        [
            "response.body", "response.content_type", "response.content_encoding", "response.error", "response.expired",
        ],
        [Headers] = ["response.headers"],
        [Index] = ["index"],
        [Pagination] = ["pagination"],
        [Key] = ["key"],
        [DependsOn] = ["depends_on"],
        [RunWhen] = ["run_when"],
        [References] = ["references"],
    };

    /// <summary>The properties that come when nothing is asked for.</summary>
    public static IReadOnlySet<string> Default { get; } =
        Fields.Keys.Where(property => property is not (Headers or Index or Pagination)).ToHashSet(StringComparer.Ordinal);

    /// <summary>The properties of requests in the reply to whoever has given them: their bodies are not read for it.</summary>
    public static IReadOnlySet<string> Accepted { get; } =
        Default.Where(property => property is not Response).ToHashSet(StringComparer.Ordinal);

    /// <summary>The properties of a detailed status.</summary>
    public static IReadOnlySet<string> Progress { get; } =
        new HashSet<string>(StringComparer.Ordinal) { Id, Done, StatusCode, Size };

    /// <summary>The properties that a caller asks for; the default ones if it names none.</summary>
    /// <exception cref="RefusedCallException">Some are unknown: names them.</exception>
    public static IReadOnlySet<string> Read(IReadOnlyList<string> names)
    {
        var unknown = names.Where(name => !Fields.ContainsKey(name))
            .Select(name => new Problem(
                "request_fields", $"has the unknown name {CallerText.Quote(name)}; known are {string.Join(", ", Fields.Keys)}"))
            .ToList();
        return unknown.Count > 0 ? throw new RefusedCallException(CallError.FromFields(unknown))
            : names.Count > 0 ? names.ToHashSet(StringComparer.Ordinal)
            : Default;
    }

    /// <summary>The fields of the contract that properties are made of.</summary>
    public static FieldMask ToMask(IReadOnlySet<string> properties) =>
        new() { Paths = { properties.SelectMany(property => Fields[property]) } };
}
