using System.Text;
using System.Text.Json;
using Batching.Rest.Replies;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Rest.V0;

/// <summary>Writes the params of a request: as the caller wrote them, or what a message holds of them.</summary>
internal static class V0Params
{
    /// <summary>Writes <c>params</c>, if the request has any.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="request">The request.</param>
    /// <param name="onOneLine">Whether line breaks become blanks.</param>
    public static void Write(Utf8JsonWriter json, Request request, bool onOneLine)
    {
        if (request.ParamsJson.Length > 0)
        {
            json.WritePropertyName("params"u8);
            JsonText.WriteRaw(json, Encoding.UTF8.GetBytes(request.ParamsJson), onOneLine);
        }
        else if (request.Params is not null)
        {
            json.WritePropertyName("params"u8);
            WriteStruct(json, request.Params);
        }
    }

    private static void WriteStruct(Utf8JsonWriter json, Struct value)
    {
        json.WriteStartObject();
        foreach (var (name, field) in value.Fields)
        {
            json.WritePropertyName(name);
            WriteValue(json, field);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StructValue:
                WriteStruct(json, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                json.WriteStartArray();
                foreach (var item in value.ListValue.Values)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            case Value.KindOneofCase.StringValue:
                json.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.NumberValue:
                json.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.BoolValue:
                json.WriteBooleanValue(value.BoolValue);
                break;
            default:
                json.WriteNullValue();
                break;
        }
    }
}
