using System.Text;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>bool. JSON takes only true and false; queries and paths also take any case, 1 and 0.</summary>
internal sealed class BoolCodec : ValueCodec<bool>
{
    public override bool IsDefault(bool value) => !value;

    public override void Write(Utf8JsonWriter writer, bool value) => writer.WriteBooleanValue(value);

    public override bool Read(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new JsonValueException("true or false was expected."),
    };

    public override bool Parse(ReadOnlySpan<byte> text)
    {
        if (Ascii.EqualsIgnoreCase(text, "true"u8) || text.SequenceEqual("1"u8))
        {
            return true;
        }

        return Ascii.EqualsIgnoreCase(text, "false"u8) || text.SequenceEqual("0"u8)
            ? false
            : throw new JsonValueException("true or false was expected.");
    }

    public override bool ReadKey(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("true"u8) ||
        (reader.ValueTextEquals("false"u8) ? false : throw new JsonValueException("The key must be true or false."));

    public override void WriteKey(Utf8JsonWriter writer, bool value) =>
        writer.WritePropertyName(value ? "true"u8 : "false"u8);
}
