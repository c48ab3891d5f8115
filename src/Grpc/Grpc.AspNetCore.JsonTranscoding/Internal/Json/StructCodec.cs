using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary><c>google.protobuf.Struct</c>: any JSON object.</summary>
internal sealed class StructCodec : MessageCodec
{
    public override void Write(Utf8JsonWriter writer, IMessage message) => Write(writer, (Struct)message);

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonValueException("An object was expected.");
        }

        Read(ref reader, (Struct)message);
    }

    public static void Write(Utf8JsonWriter writer, Struct value)
    {
        writer.WriteStartObject();
        foreach (var (name, member) in value.Fields)
        {
            writer.WritePropertyName(name);
            JsonValueCodec.Write(writer, member);
        }

        writer.WriteEndObject();
    }

    public static void Read(ref Utf8JsonReader reader, Struct target)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            if (target.Fields.ContainsKey(name))
            {
                throw new JsonValueException($"The name '{name}' appears twice.");
            }

            reader.Read();
            var member = new Value();
            JsonValueCodec.Read(ref reader, member);
            target.Fields.Add(name, member);
        }
    }
}
