using System.Globalization;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>long and its fixed-width kin; written as a string, because JavaScript can't hold all of them.</summary>
internal sealed class Int64Codec : ValueCodec<long>
{
    public override bool IsDefault(long value) => value == 0;

    public override void Write(Utf8JsonWriter writer, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WriteStringValue(digits[..length]);
    }

    public override long Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value)
            ? value
            : (long)NumberText.ReadInteger(ref reader, long.MinValue, long.MaxValue);

    public override long Parse(ReadOnlySpan<byte> text) =>
        (long)NumberText.ParseInteger(text, long.MinValue, long.MaxValue);

    public override void WriteKey(Utf8JsonWriter writer, long value)
    {
        Span<byte> digits = stackalloc byte[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WritePropertyName(digits[..length]);
    }
}
