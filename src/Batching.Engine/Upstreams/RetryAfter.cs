using System.Globalization;
using System.Net.Http.Headers;

namespace Batching.Engine.Upstreams;

/// <summary>Reads <c>Retry-After</c> (RFC 9110, section 10.2.3) as APIs send it.</summary>
internal static class RetryAfter
{
    // Longer than anybody waits, and short enough to be added to any time.
    private static readonly TimeSpan VeryLong = TimeSpan.FromDays(365);

    /// <summary>The time that the API asks to wait; null if it doesn't, or has not said it in any known form.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="now">The time, for a date.</param>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (!response.Headers.NonValidated.TryGetValues("Retry-After", out var values))
        {
            return null;
        }

        TimeSpan? longest = null;
        foreach (var value in values)
        {
            // Dates have a comma, and lists of them more.
            var parts = value.Split(',', StringSplitOptions.TrimEntries);
            for (var i = 0; i < parts.Length; i++)
            {
                var delay = ReadSeconds(parts[i]) ?? ReadDate(parts[i], now);
                if (delay is null && i + 1 < parts.Length && ReadDate($"{parts[i]}, {parts[i + 1]}", now) is { } date)
                {
                    delay = date;
                    i++;
                }

                longest = delay > (longest ?? TimeSpan.Zero) ? delay : longest;
            }
        }

        return longest;
    }

    // Rounded up: to come too early would be refused again.
    private static TimeSpan? ReadSeconds(string text) =>
        text.Length > 0 && char.IsAsciiDigit(text[0])
        && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? seconds < VeryLong.TotalSeconds ? TimeSpan.FromSeconds(Math.Ceiling(seconds)) : VeryLong
            : null;

    // In each of the three formats of RFC 9110, section 5.6.7.
    private static TimeSpan? ReadDate(string text, DateTimeOffset now) =>
        RetryConditionHeaderValue.TryParse(text, out var parsed) && parsed.Date - now is { } delay
            ? delay < VeryLong ? delay : VeryLong
            : null;
}
