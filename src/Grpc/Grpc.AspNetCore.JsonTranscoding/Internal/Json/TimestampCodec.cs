using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// <c>google.protobuf.Timestamp</c>: RFC 3339 with upper-case T and Z, years 0001 to 9999, at most nine
/// digits of a second; any offset is read, UTC is written.
/// </summary>
internal sealed class TimestampCodec : TextCodec
{
    private const long MinSeconds = -62_135_596_800;
    private const long MaxSeconds = 253_402_300_799;

    public override void Write(Utf8JsonWriter writer, IMessage message)
    {
        var timestamp = (Timestamp)message;
        if (timestamp.Seconds is < MinSeconds or > MaxSeconds || timestamp.Nanos is < 0 or > 999_999_999)
        {
            throw new InvalidOperationException("A google.protobuf.Timestamp is out of range.");
        }

        Span<byte> text = stackalloc byte[32];
        var time = DateTime.UnixEpoch.AddSeconds(timestamp.Seconds);
        time.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        length += FormatFraction(timestamp.Nanos, text[length..]);
        text[length++] = (byte)'Z';
        writer.WriteStringValue(text[..length]);
    }

    public override void Parse(ReadOnlySpan<byte> text, IMessage message)
    {
        if (!TryParse(text, out var seconds, out var nanos))
        {
            throw new JsonValueException("The value is not an RFC 3339 time such as 2026-01-31T12:00:00Z.");
        }

        var timestamp = (Timestamp)message;
        timestamp.Seconds = seconds;
        timestamp.Nanos = nanos;
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out long seconds, out int nanos)
    {
        seconds = 0;
        nanos = 0;
        if (text.Length < 20 ||
            !TryDigits(text[..4], out var year) || text[4] != '-' ||
            !TryDigits(text[5..7], out var month) || text[7] != '-' ||
            !TryDigits(text[8..10], out var day) || text[10] != 'T' ||
            !TryDigits(text[11..13], out var hour) || text[13] != ':' ||
            !TryDigits(text[14..16], out var minute) || text[16] != ':' ||
            !TryDigits(text[17..19], out var second) ||
            year == 0 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) ||
            hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text[19..];
        if (rest[0] == '.')
        {
            var end = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') + 1;
            if (end < 2 || !TryParseFraction(rest[1..end], out nanos))
            {
                return false;
            }

            rest = rest[end..];
        }

        if (!TryOffset(rest, out var offset))
        {
            return false;
        }

        var time = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc);
        seconds = ((time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond) - offset;
        return seconds is >= MinSeconds and <= MaxSeconds;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text.SequenceEqual("Z"u8))
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':' ||
            !TryDigits(text[1..3], out var hours) || !TryDigits(text[4..6], out var minutes) ||
            hours > 23 || minutes > 59)
        {
            return false;
        }

        seconds = ((hours * 60) + minutes) * (text[0] == '-' ? -60 : 60);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + (b - '0');
        }

        return true;
    }
}
