using Batching.Engine.Content;
using Batching.Engine.Model;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Delivery;

/// <summary>Reads a <see cref="FieldMask"/> over <see cref="V1.Request"/>.</summary>
internal static class RequestFieldMask
{
    // There may be a million.
    /// <summary>More problems than this are not looked for.</summary>
    public const int MaxProblems = 20;

    private static readonly Dictionary<string, RequestFields> Paths = new(StringComparer.Ordinal)
    {
        ["id"] = RequestFields.None,
        ["path"] = RequestFields.Path,
        ["method"] = RequestFields.Method,
        ["params"] = RequestFields.Params,
        ["params_json"] = RequestFields.ParamsJson,
        ["query"] = RequestFields.Query,
        ["spawner"] = RequestFields.Spawner,
        ["spawned_by"] = RequestFields.SpawnedBy,
        ["create_time"] = RequestFields.CreateTime,
        ["done_time"] = RequestFields.DoneTime,
        ["state"] = RequestFields.State,
        ["position"] = RequestFields.Position,
        ["index"] = RequestFields.Index,
        ["response"] = RequestFields.Response,
        ["response.status_code"] = RequestFields.StatusCode,
        ["response.headers"] = RequestFields.Headers,
        ["response.body"] = RequestFields.Body,
        ["response.error"] = RequestFields.Error,
        ["response.size"] = RequestFields.Size,
        ["response.expired"] = RequestFields.Expired,
        ["response.content_type"] = RequestFields.ContentType,
        ["response.content_encoding"] = RequestFields.ContentEncoding,
        ["pagination"] = RequestFields.Pagination,
        ["key"] = RequestFields.Key,
        ["depends_on"] = RequestFields.DependsOn,
        ["run_when"] = RequestFields.RunWhen,
        ["references"] = RequestFields.References,
    };

    /// <summary>The fields that a mask names; all of them without a mask.</summary>
    public static RequestFields Parse(FieldMask? mask, List<Problem> problems)
    {
        if (mask is null || mask.Paths.Count == 0)
        {
            return RequestFields.All;
        }

        var fields = RequestFields.None;
        foreach (var path in mask.Paths)
        {
            if (Paths.TryGetValue(path, out var field))
            {
                fields |= field;
            }
            else if (problems.Count < MaxProblems)
            {
                problems.Add(new Problem(
                    "request_fields", $"has the unknown field {CallerText.Quote(path)}; known are {string.Join(", ", Paths.Keys)}"));
            }
        }

        return fields;
    }
}
