using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>The default form of a <c>google.rpc.Status</c>: all three members, whatever their values.</summary>
internal static class ErrorJson
{
    public static void Write(Utf8JsonWriter writer, ProtoJson json, Status status)
    {
        writer.WriteStartObject();
        writer.WriteNumber("code"u8, status.Code);
        writer.WriteString("message"u8, status.Message);
        writer.WriteStartArray("details"u8);
        foreach (var detail in status.Details)
        {
            WriteDetail(writer, json, detail);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteDetail(Utf8JsonWriter writer, ProtoJson json, Any detail)
    {
        if (json.Codecs.FindType(Any.GetTypeName(detail.TypeUrl)) is not null)
        {
            json.Write(writer, detail);
            return;
        }

        // An error must not fail because this server can't name one of its details.
        writer.WriteStartObject();
        writer.WriteString("@type"u8, detail.TypeUrl);
        writer.WriteBase64String("value"u8, detail.Value.Span);
        writer.WriteEndObject();
    }
}
