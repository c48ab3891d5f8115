using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary><c>google.protobuf.Value</c>: any JSON value; numbers are doubles.</summary>
internal sealed class JsonValueCodec : MessageCodec
{
    public override bool AcceptsNull => true;

    public override void Write(Utf8JsonWriter writer, IMessage message) => Write(writer, (Value)message);

    public override void Read(ref Utf8JsonReader reader, IMessage message) => Read(ref reader, (Value)message);

    public static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.BoolValue:
                writer.WriteBooleanValue(value.BoolValue);
                break;
            case Value.KindOneofCase.NumberValue:
                if (!double.IsFinite(value.NumberValue))
                {
                    throw new InvalidOperationException(
                        "JSON has no number for NaN or infinity in a google.protobuf.Value.");
                }

                writer.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.StringValue:
                writer.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.StructValue:
                StructCodec.Write(writer, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                ListValueCodec.Write(writer, value.ListValue);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    public static void Read(ref Utf8JsonReader reader, Value target)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                target.NullValue = NullValue.NullValue;
                break;
            case JsonTokenType.True:
            case JsonTokenType.False:
                target.BoolValue = reader.GetBoolean();
                break;
            case JsonTokenType.Number:
                target.NumberValue = NumberText.ReadDouble(ref reader);
                break;
            case JsonTokenType.String:
                target.StringValue = reader.GetString()!;
                break;
            case JsonTokenType.StartObject:
                target.StructValue = new Struct();
                StructCodec.Read(ref reader, target.StructValue);
                break;
            case JsonTokenType.StartArray:
                target.ListValue = new ListValue();
                ListValueCodec.Read(ref reader, target.ListValue);
                break;
            default:
                throw new JsonValueException("A value was expected.");
        }
    }
}
