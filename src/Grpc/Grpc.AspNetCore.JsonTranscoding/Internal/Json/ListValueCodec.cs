using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary><c>google.protobuf.ListValue</c>: any JSON array.</summary>
internal sealed class ListValueCodec : MessageCodec
{
    public override void Write(Utf8JsonWriter writer, IMessage message) => Write(writer, (ListValue)message);

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonValueException("An array was expected.");
        }

        Read(ref reader, (ListValue)message);
    }

    public static void Write(Utf8JsonWriter writer, ListValue value)
    {
        writer.WriteStartArray();
        foreach (var element in value.Values)
        {
            JsonValueCodec.Write(writer, element);
        }

        writer.WriteEndArray();
    }

    public static void Read(ref Utf8JsonReader reader, ListValue target)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var element = new Value();
            JsonValueCodec.Read(ref reader, element);
            target.Values.Add(element);
        }
    }
}
