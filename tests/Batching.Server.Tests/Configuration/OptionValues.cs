using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Batching.Server.Configuration;

namespace Batching.Server.Tests.Configuration;

/// <summary>Defaults and ranges of options, with their units.</summary>
internal static class OptionValues
{
    private static readonly (long Bytes, string Name)[] Sizes =
    [
        (1L << 50, "PiB"), (1L << 40, "TiB"), (1L << 30, "GiB"), (1L << 20, "MiB"), (1L << 10, "KiB"), (1, "B"),
    ];

    private static readonly (TimeSpan Time, string Name)[] Times =
    [
        (TimeSpan.FromDays(1), "d"),
        (TimeSpan.FromHours(1), "h"),
        (TimeSpan.FromMinutes(1), "min"),
        (TimeSpan.FromSeconds(1), "s"),
        (TimeSpan.FromMilliseconds(1), "ms"),
    ];

    /// <summary>The default, as it is written in the configuration, and in a unit that is easier to read.</summary>
    public static string DefaultOf(KnownKey key)
    {
        var value = ValueOf(key);
        return value switch
        {
            // An entry of a list, or a text.
            null or "" or System.Collections.IList => key.Property.IsDefined(typeof(RequiredAttribute), inherit: false)
                ? "required"
                : "none",
            bool yes => yes ? "`true`" : "`false`",
            TimeSpan time => $"`{Write(time)}` ({SayDefault(key)})",
            int or long when IsSize(key) => $"`{value}` ({SayDefault(key)})",
            IFormattable => string.Create(CultureInfo.InvariantCulture, $"`{value}`"),
            _ => $"`{value}`",
        };
    }

    /// <summary>The default as the documents say it: <c>45 s</c>, <c>96 MiB</c>, <c>10,000</c>.</summary>
    public static string SayDefault(KnownKey key) => ValueOf(key) switch
    {
        TimeSpan time => Say(time),
        (int or long) and var number => Say(key, Number(number)),
        var value => $"{value}",
    };

    /// <summary>What the value may be; empty where its meaning says it.</summary>
    public static string RangeOf(KnownKey key)
    {
        var type = Nullable.GetUnderlyingType(key.Type) ?? key.Type;
        if (type == typeof(bool))
        {
            return "`true` or `false`";
        }

        if (type.IsEnum)
        {
            // What a contract calls unspecified is no choice.
            return string.Join(", ", Enum.GetNames(type).Where(name => name != "Unspecified").Select(name => $"`{name}`"));
        }

        if (key.Range is not { } range)
        {
            return "";
        }

        if (type == typeof(TimeSpan))
        {
            return $"{Say(Time(range.Minimum))} to {Say(Time(range.Maximum))}";
        }

        var (least, most) = (Number(range.Minimum), Number(range.Maximum));
        return most == long.MaxValue ? $"{Say(key, least)} or more" : $"{Say(key, least)} to {Say(key, most)}";
    }

    private static object? ValueOf(KnownKey key) =>
        key.Property.GetValue(Activator.CreateInstance(key.Property.DeclaringType!, nonPublic: true));

    private static bool IsSize(KnownKey key) => key.Property.Name.Contains("Bytes", StringComparison.Ordinal);

    private static TimeSpan Time(object bound) => TimeSpan.Parse((string)bound, CultureInfo.InvariantCulture);

    private static long Number(object bound) => Convert.ToInt64(bound, CultureInfo.InvariantCulture);

    private static string Say(KnownKey key, long number) =>
        IsSize(key) ? SaySize(number) : number.ToString("N0", CultureInfo.InvariantCulture);

    private static string SaySize(long bytes)
    {
        var (size, name) = Sizes.First(size => bytes % size.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size:N0} {name}");
    }

    private static string Say(TimeSpan time)
    {
        var (unit, name) = time == TimeSpan.Zero ? Times[3] : Times.First(unit => time.Ticks % unit.Time.Ticks == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{time / unit} {name}");
    }

    // The form of the configuration, without zeros at the end that say nothing.
    private static string Write(TimeSpan time)
    {
        var text = time.ToString("c", CultureInfo.InvariantCulture);
        return time.Ticks % TimeSpan.TicksPerSecond == 0 ? text : text.TrimEnd('0');
    }
}
