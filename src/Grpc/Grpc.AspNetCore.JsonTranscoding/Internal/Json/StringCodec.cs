using System.Text;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>string.</summary>
internal sealed class StringCodec : ValueCodec<string>
{
    public override bool IsDefault(string value) => value.Length == 0;

    public override void Write(Utf8JsonWriter writer, string value) => writer.WriteStringValue(value);

    public override string Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String
            ? reader.GetString()!
            : throw new JsonValueException("A string was expected.");

    public override string Parse(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    public override string ReadKey(ref Utf8JsonReader reader) => reader.GetString()!;

    public override void WriteKey(Utf8JsonWriter writer, string value) => writer.WritePropertyName(value);
}
