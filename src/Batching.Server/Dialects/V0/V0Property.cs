using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Server.Dialects.V0;

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

    private static readonly ConditionalWeakTable<FieldMask, IReadOnlySet<string>> OfMasks = new();

    /// <summary>Each property with the fields to ask for; the first one stands for the property itself.</summary>
    public static IReadOnlyDictionary<string, string[]> Fields { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        [Id] = ["id"],
        [SpawnedBy] = ["spawned_by"],
        [Created] = ["create_time"],
        [Done] = ["done_time"],
        [Path] = ["path"],
        [Method] = ["method"],
        [Params] = ["params"],
        [StatusCode] = ["response.status_code"],
        [Size] = ["response.size"],
        [Response] =
        [
            "response.body", "response.content_type", "response.content_encoding", "response.error", "response.expired",
        ],
        [Headers] = ["response.headers"],
        [Index] = ["index"],
    };

    /// <summary>What comes when nothing is asked for.</summary>
    public static IReadOnlySet<string> Default { get; } =
        Fields.Keys.Where(property => property is not (Headers or Index)).ToHashSet(StringComparer.Ordinal);

    /// <summary>What a detailed status has.</summary>
    public static IReadOnlySet<string> Progress { get; } =
        new HashSet<string>(StringComparer.Ordinal) { Id, Done, StatusCode, Size };

    /// <summary>
    /// The properties that a field mask made from <see cref="Fields"/> stands for. Each record of a stream asks with the
    /// mask of its call, which is read only once.
    /// </summary>
    public static IReadOnlySet<string> Of(FieldMask mask) => OfMasks.GetValue(mask, Read);

    private static IReadOnlySet<string> Read(FieldMask mask)
    {
        var paths = mask.Paths.ToHashSet(StringComparer.Ordinal);
        return Fields.Where(field => paths.Contains(field.Value[0]))
            .Select(field => field.Key)
            .ToHashSet(StringComparer.Ordinal);
    }
}
