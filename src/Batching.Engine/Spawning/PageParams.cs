using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Spawning;

/// <summary>Reads the params that page a query: callers give numbers as numbers and as text.</summary>
internal static class PageParams
{
    // Up to here a double, which is how a Struct holds numbers, knows every whole number.
    private const long MaxInteger = 1L << 53;

    /// <summary>A whole number from 0 to 2^53; null if the param is missing, null, or something else.</summary>
    public static long? ReadInteger(Struct? parameters, string name) => Find(parameters, name) switch
    {
        { KindCase: Value.KindOneofCase.NumberValue, NumberValue: >= 0 and <= MaxInteger } value
            when value.NumberValue == Math.Truncate(value.NumberValue) => (long)value.NumberValue,
        { KindCase: Value.KindOneofCase.StringValue } value
            when long.TryParse(value.StringValue, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number <= MaxInteger => number,
        _ => null,
    };

    /// <summary>The text of a param; null if it is missing or null.</summary>
    public static string? ReadText(Struct? parameters, string name) => Find(parameters, name) switch
    {
        { KindCase: Value.KindOneofCase.StringValue } value => value.StringValue,
        { KindCase: Value.KindOneofCase.NumberValue } value => Upstreams.QueryParams.FormatNumber(value.NumberValue),
        _ => null,
    };

    /// <summary>Whether the param is there and not null.</summary>
    public static bool Has(Struct? parameters, string name) =>
        Find(parameters, name) is { KindCase: not Value.KindOneofCase.NullValue };

    private static Value? Find(Struct? parameters, string name) =>
        parameters is not null && parameters.Fields.TryGetValue(name, out var value) ? value : null;
}
