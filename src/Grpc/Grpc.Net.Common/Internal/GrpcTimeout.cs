using System.Globalization;

namespace Grpc.Net.Internal;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit ("Timeout" in the specification).</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxAmount = 99_999_999;

    public static bool TryParse(ReadOnlySpan<char> value, out TimeSpan timeout)
    {
        timeout = default;
        if (value.Length is < 2 or > MaxDigits + 1
            || !long.TryParse(value[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }

        long ticksPerUnit;
        switch (value[^1])
        {
            case 'H':
                ticksPerUnit = TimeSpan.TicksPerHour;
                break;
            case 'M':
                ticksPerUnit = TimeSpan.TicksPerMinute;
                break;
            case 'S':
                ticksPerUnit = TimeSpan.TicksPerSecond;
                break;
            case 'm':
                ticksPerUnit = TimeSpan.TicksPerMillisecond;
                break;
            case 'u':
                ticksPerUnit = TimeSpan.TicksPerMicrosecond;
                break;
            case 'n':
                // A tick is 100 ns; rounding up never makes a timeout shorter than asked.
                timeout = TimeSpan.FromTicks((amount + 99) / 100);
                return true;
            default:
                return false;
        }

        // 99,999,999 hours are 3.6e18 ticks: within a long, but past what a date can be moved by.
        timeout = TimeSpan.FromTicks(amount * ticksPerUnit);
        return true;
    }

    public static string Format(TimeSpan timeout)
    {
        var ticks = Math.Max(timeout.Ticks, 1);
        ReadOnlySpan<(long TicksPerUnit, char Unit)> units =
        [
            (1, 'n'),
            (TimeSpan.TicksPerMicrosecond, 'u'),
            (TimeSpan.TicksPerMillisecond, 'm'),
            (TimeSpan.TicksPerSecond, 'S'),
            (TimeSpan.TicksPerMinute, 'M'),
            (TimeSpan.TicksPerHour, 'H'),
        ];
        foreach (var (ticksPerUnit, unit) in units)
        {
            // Rounded up, so that the server never ends the call before the client does.
            var amount = unit == 'n' ? Math.Min(ticks, MaxAmount) * 100 : (ticks / ticksPerUnit) + (ticks % ticksPerUnit > 0 ? 1 : 0);
            if (amount <= MaxAmount)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{amount}{unit}");
            }
        }

        return "99999999H";
    }
}
