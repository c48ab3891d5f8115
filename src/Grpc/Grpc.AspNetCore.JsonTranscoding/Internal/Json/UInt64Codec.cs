using System.Globalization;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>ulong and its fixed-width kin; written as a string, because JavaScript can't hold all of them.</summary>
internal sealed class UInt64Codec : ValueCodec<ulong>
{
    public override bool IsDefault(ulong value) => value == 0;

    public override void Write(Utf8JsonWriter writer, ulong value)
    {
        Span<byte> digits = stackalloc byte[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WriteStringValue(digits[..length]);
    }

    public override ulong Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var value)
            ? value
            : (ulong)NumberText.ReadInteger(ref reader, ulong.MinValue, ulong.MaxValue);

    public override ulong Parse(ReadOnlySpan<byte> text) =>
        (ulong)NumberText.ParseInteger(text, ulong.MinValue, ulong.MaxValue);

    public override void WriteKey(Utf8JsonWriter writer, ulong value)
    {
        Span<byte> digits = stackalloc byte[20];
        value.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        writer.WritePropertyName(digits[..length]);
    }
}
