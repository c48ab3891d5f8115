using System.ComponentModel;
using System.Globalization;
using Batching.Engine.Configuration;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>
/// Checks the section <c>Batch</c> before anything reads it: keys that nobody knows, which would be passed over, and values
/// that can't be what their key is. Their ranges are checked by the validators of the options.
/// </summary>
internal static class ConfigurationCheck
{
    /// <summary>Looks at all sources together: files, environment and command line.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; names each key.</exception>
    public static void Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        CheckMembers(configuration.GetSection(OptionKey.Section), KnownKey.Roots, problems);
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(OptionKey.Section, typeof(BatchEngineOptions), problems);
        }
    }

    private static void CheckMembers(
        IConfigurationSection section, IReadOnlyDictionary<string, KnownKey> known, List<string> problems)
    {
        foreach (var child in section.GetChildren())
        {
            if (known.TryGetValue(child.Key, out var key))
            {
                Check(child, key, problems);
            }
            else
            {
                AddUnknown(child, problems);
            }
        }
    }

    private static void Check(IConfigurationSection section, KnownKey key, List<string> problems)
    {
        if (key.IsList)
        {
            if (!string.IsNullOrEmpty(section.Value))
            {
                problems.Add($"{section.Path} is a list: its entries are {section.Path}:0, {section.Path}:1 and so on.");
            }

            foreach (var entry in section.GetChildren())
            {
                if (int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    Check(entry, key.Entry, problems);
                }
                else
                {
                    AddUnknown(entry, problems);
                }
            }

            return;
        }

        if (!key.HasValue && !string.IsNullOrEmpty(section.Value))
        {
            problems.Add($"{section.Path} has no value of its own, only keys such as {key.Members.First().Value.Path}.");
        }
        else if (key.HasValue && section.Value is { } value && FindProblem(key, value) is { } problem)
        {
            problems.Add($"{section.Path} must be {problem}, not '{value}'.");
        }

        CheckMembers(section, key.Members, problems);
    }

    // A section that is not known is named by the keys in it. Their values may be secrets.
    private static void AddUnknown(IConfigurationSection section, List<string> problems)
    {
        var before = problems.Count;
        foreach (var child in section.GetChildren())
        {
            AddUnknown(child, problems);
        }

        if (problems.Count == before)
        {
            problems.Add($"{section.Path} is not a key of the gateway; the nearest one is {NearestKey.Find(section.Path)}.");
        }
    }

    private static string? FindProblem(KnownKey key, string value)
    {
        var type = Nullable.GetUnderlyingType(key.Type) ?? key.Type;
        if (value.Length == 0 && type != key.Type)
        {
            return null;
        }

        if (type == typeof(TimeSpan))
        {
            return IsTime(value) ? null : "a time, written [days.]hours:minutes:seconds such as 01:00:00";
        }

        if (type.IsEnum)
        {
            // The contract's enumerations begin with one that says that none was chosen.
            var names = Enum.GetNames(type).Where(static name => name != "Unspecified").ToArray();
            return names.Contains(value, StringComparer.OrdinalIgnoreCase) ? null : string.Join(", ", names);
        }

        return !type.IsPrimitive || CanConvert(type, value) ? null
            : type == typeof(bool) ? "true or false"
            : key.Range is { } range ? string.Create(
                CultureInfo.InvariantCulture, $"a whole number from {range.Minimum} to {range.Maximum}")
            : "a whole number";
    }

    // TimeSpan.Parse takes 90 for ninety days and 24:00:00 for twenty-four, and whoever wrote that meant neither.
    private static bool IsTime(string value) =>
        TimeSpan.TryParseExact(value, "c", CultureInfo.InvariantCulture, out var time)
        && (time == TimeSpan.Zero || value.Contains(':', StringComparison.Ordinal));

    // As the binder does it.
    private static bool CanConvert(Type type, string value)
    {
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return false;
        }
    }
}
