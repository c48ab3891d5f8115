using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Batching.Engine.Configuration;

namespace Batching.Server.Configuration;

/// <summary>A key below the section <c>Batch</c>, as the options classes have it.</summary>
/// <param name="Path">The whole key, with <c>N</c> for the number of an entry: <c>Batch:Upstreams:N:Prefix</c>.</param>
/// <param name="Type">What its value is; for a list, what its entries are.</param>
/// <param name="IsList">Whether it is a list.</param>
/// <param name="Property">The option that it sets.</param>
internal sealed record KnownKey(string Path, Type Type, bool IsList, PropertyInfo Property)
{
    /// <summary>The keys right below the section <c>Batch</c>.</summary>
    public static IReadOnlyDictionary<string, KnownKey> Roots { get; } = Find(
        OptionKey.Section,
        [
            .. PropertiesOf(typeof(ServerKeys)),
            .. PropertiesOf(typeof(BatchEngineOptions))
                .Where(property => property.Name != nameof(BatchEngineOptions.CredentialHeader)),
        ]);

    /// <summary>All keys that have a value.</summary>
    public static IReadOnlyList<KnownKey> All { get; } = [.. Flatten(Roots)];

    /// <summary>The values that it may have, where that is declared.</summary>
    public RangeAttribute? Range => Property.GetCustomAttribute<RangeAttribute>();

    /// <summary>Whether it, or each of its entries, has a value; else keys.</summary>
    public bool HasValue { get; } =
        (Nullable.GetUnderlyingType(Type) ?? Type) is { } type
        && (type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(TimeSpan) || type == typeof(Uri));

    /// <summary>The keys below it, or below each of its entries.</summary>
    public IReadOnlyDictionary<string, KnownKey> Members =>
        HasValue ? new Dictionary<string, KnownKey>() : Find(IsList ? $"{Path}:N" : Path, PropertiesOf(Type));

    /// <summary>One entry of a list.</summary>
    public KnownKey Entry => this with { Path = $"{Path}:N", IsList = false };

    private static IEnumerable<KnownKey> Flatten(IReadOnlyDictionary<string, KnownKey> keys) => keys.Values
        .SelectMany(key => !key.HasValue ? Flatten(key.Members) : [key.IsList ? key.Entry : key]);

    private static Dictionary<string, KnownKey> Find(string path, IEnumerable<PropertyInfo> properties)
    {
        var keys = new Dictionary<string, KnownKey>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in properties)
        {
            var entry = EntryOf(property.PropertyType);
            keys.Add(property.Name, new KnownKey(
                $"{path}:{property.Name}",
                entry ?? property.PropertyType,
                entry is not null,
                property));
        }

        return keys;
    }

    // What is computed can't be set, and what is code can't be written down.
    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => (property.SetMethod?.IsPublic == true || EntryOf(property.PropertyType) is not null)
            && !property.PropertyType.IsAssignableTo(typeof(Delegate)));

    private static Type? EntryOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>) ? type.GetGenericArguments()[0] : null;
}
