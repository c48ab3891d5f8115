using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary><c>google.protobuf.Duration</c>: seconds with up to nine digits behind the dot and an <c>s</c>.</summary>
internal sealed class DurationCodec : TextCodec
{
    private const long MaxSeconds = 315_576_000_000;

    public override void Write(Utf8JsonWriter writer, IMessage message)
    {
        var duration = (Duration)message;
        if (duration.Seconds is < -MaxSeconds or > MaxSeconds || duration.Nanos is < -999_999_999 or > 999_999_999 ||
            Math.Sign(duration.Seconds) * Math.Sign(duration.Nanos) < 0)
        {
            throw new InvalidOperationException("A google.protobuf.Duration is out of range.");
        }

        Span<byte> text = stackalloc byte[32];
        var length = 0;
        if (duration.Seconds < 0 || duration.Nanos < 0)
        {
            text[length++] = (byte)'-';
        }

        Math.Abs(duration.Seconds).TryFormat(text[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;
        length += FormatFraction(Math.Abs(duration.Nanos), text[length..]);
        text[length++] = (byte)'s';
        writer.WriteStringValue(text[..length]);
    }

    public override void Parse(ReadOnlySpan<byte> text, IMessage message)
    {
        if (!TryParse(text, out var seconds, out var nanos))
        {
            throw new JsonValueException("The value is not a duration such as 1.5s.");
        }

        var duration = (Duration)message;
        duration.Seconds = seconds;
        duration.Nanos = nanos;
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out long seconds, out int nanos)
    {
        seconds = 0;
        nanos = 0;
        if (text.Length < 2 || text[^1] != 's')
        {
            return false;
        }

        var isNegative = text[0] == '-';
        var number = text[(isNegative ? 1 : 0)..^1];
        var dot = number.IndexOf((byte)'.');
        if (dot >= 0)
        {
            if (!TryParseFraction(number[(dot + 1)..], out nanos))
            {
                return false;
            }

            number = number[..dot];
        }

        if (number.IsEmpty || number.ContainsAnyExceptInRange((byte)'0', (byte)'9') ||
            !Utf8Parser.TryParse(number, out seconds, out var used) || used != number.Length ||
            seconds > MaxSeconds || (seconds == MaxSeconds && nanos > 0))
        {
            return false;
        }

        if (isNegative)
        {
            seconds = -seconds;
            nanos = -nanos;
        }

        return true;
    }
}
