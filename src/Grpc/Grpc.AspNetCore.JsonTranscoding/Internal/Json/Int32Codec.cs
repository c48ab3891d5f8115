using System.Globalization;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>int and its fixed-width kin; written as a number.</summary>
internal sealed class Int32Codec : ValueCodec<int>
{
    public override bool IsDefault(int value) => value == 0;

    public override void Write(Utf8JsonWriter writer, int value) => writer.WriteNumberValue(value);

    public override int Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value)
            ? value
            : (int)NumberText.ReadInteger(ref reader, int.MinValue, int.MaxValue);

    public override int Parse(ReadOnlySpan<byte> text) =>
        (int)NumberText.ParseInteger(text, int.MinValue, int.MaxValue);

    public override void WriteKey(Utf8JsonWriter writer, int value)
    {
        Span<byte> digits = stackalloc byte[11];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WritePropertyName(digits[..length]);
    }
}
