using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// double; what JSON numbers can't hold is written as <c>"NaN"</c>, <c>"Infinity"</c> or <c>"-Infinity"</c>.
/// </summary>
internal sealed class DoubleCodec : ValueCodec<double>
{
    // Negative zero is not the default: protobuf compares the bits.
    public override bool IsDefault(double value) => BitConverter.DoubleToInt64Bits(value) == 0;

    public override void Write(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }

    public override double Read(ref Utf8JsonReader reader) => NumberText.ReadDouble(ref reader);

    public override double Parse(ReadOnlySpan<byte> text) => NumberText.ParseDouble(text);
}
