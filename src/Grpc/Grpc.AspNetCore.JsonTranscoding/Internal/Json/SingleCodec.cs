using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>float, as double but with its own range and shortest digits.</summary>
internal sealed class SingleCodec : ValueCodec<float>
{
    public override bool IsDefault(float value) => BitConverter.SingleToInt32Bits(value) == 0;

    public override void Write(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(float.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }

    public override float Read(ref Utf8JsonReader reader) => Narrow(NumberText.ReadDouble(ref reader));

    public override float Parse(ReadOnlySpan<byte> text) => Narrow(NumberText.ParseDouble(text));

    private static float Narrow(double value)
    {
        var narrow = (float)value;
        return float.IsInfinity(narrow) && double.IsFinite(value)
            ? throw new JsonValueException("The value is out of range for a float.")
            : narrow;
    }
}
