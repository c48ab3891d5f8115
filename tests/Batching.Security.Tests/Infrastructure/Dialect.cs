using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Security.Tests.Infrastructure;

/// <summary>Writes requests of the contract in the JSON of the REST paths.</summary>
internal static class Dialect
{
    /// <summary>A request of <c>POST /api/v0/batch</c>.</summary>
    public static JsonObject ToV0(Request request) => Write(request, "path", "body");

    /// <summary>A call of <c>POST /api/v2/batch</c>.</summary>
    public static JsonObject ToV2(Request request) => Write(request, "url", "payload");

    private static JsonObject Write(Request request, string path, string body)
    {
        var json = new JsonObject { [path] = request.Path };
        if (request.Method.Length > 0)
        {
            json["method"] = request.Method;
        }

        if (request.Params is not null)
        {
            json["params"] = ToJson(request.Params);
        }

        if (request.Headers.Count > 0)
        {
            json["headers"] = JsonSerializer.SerializeToNode(request.Headers.ToDictionary());
        }

        if (request.Body.Length > 0)
        {
            json[body] = JsonNode.Parse(request.Body.Span);
        }

        return json;
    }

    // JsonFormatter refuses some of what JSON can say.
    private static JsonObject ToJson(Struct value) =>
        new(value.Fields.Select(field => KeyValuePair.Create(field.Key, ToJson(field.Value))));

    private static JsonNode? ToJson(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.NumberValue => value.NumberValue,
        Value.KindOneofCase.BoolValue => value.BoolValue,
        Value.KindOneofCase.StructValue => ToJson(value.StructValue),
        Value.KindOneofCase.ListValue => new JsonArray([.. value.ListValue.Values.Select(ToJson)]),
        _ => null,
    };
}
