using System.Globalization;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>uint and its fixed-width kin; written as a number.</summary>
internal sealed class UInt32Codec : ValueCodec<uint>
{
    public override bool IsDefault(uint value) => value == 0;

    public override void Write(Utf8JsonWriter writer, uint value) => writer.WriteNumberValue(value);

    public override uint Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out var value)
            ? value
            : (uint)NumberText.ReadInteger(ref reader, uint.MinValue, uint.MaxValue);

    public override uint Parse(ReadOnlySpan<byte> text) =>
        (uint)NumberText.ParseInteger(text, uint.MinValue, uint.MaxValue);

    public override void WriteKey(Utf8JsonWriter writer, uint value)
    {
        Span<byte> digits = stackalloc byte[11];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WritePropertyName(digits[..length]);
    }
}
