using System.Globalization;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Spawning;

/// <summary>
/// Reads and sets the params that page a query, in whichever form the caller gave its params: numbers come as numbers and as
/// text.
/// </summary>
internal static class PageParams
{
    // Up to here a double, which is how a Struct holds numbers, knows every whole number.
    private const long MaxInteger = 1L << 53;

    /// <summary>A whole number from 0 to 2^53; null if the param is missing, null, or something else.</summary>
    public static long? ReadInteger(Request request, string name) => Find(request, name) switch
    {
        { KindCase: Value.KindOneofCase.NumberValue, NumberValue: >= 0 and <= MaxInteger } value
            when value.NumberValue == Math.Truncate(value.NumberValue) => (long)value.NumberValue,
        { KindCase: Value.KindOneofCase.StringValue } value
            when long.TryParse(value.StringValue, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number <= MaxInteger => number,
        _ => null,
    };

    /// <summary>The text of a param as it is sent; null if it is missing or null.</summary>
    public static string? ReadText(Request request, string name)
    {
        if (request.ParamsJson.Length > 0)
        {
            var json = FindJson(request, name);
            var reader = new Utf8JsonReader(json);
            return json.IsEmpty || !reader.Read() ? null
                : reader.TokenType == JsonTokenType.String ? JsonTokens.FindText(reader)
                : reader.TokenType == JsonTokenType.Number ? System.Text.Encoding.UTF8.GetString(json)
                : null;
        }

        return Find(request, name) switch
        {
            { KindCase: Value.KindOneofCase.StringValue } value => value.StringValue,
            { KindCase: Value.KindOneofCase.NumberValue } value => StructParams.FormatNumber(value.NumberValue),
            _ => null,
        };
    }

    /// <summary>Whether the param is there and not null.</summary>
    public static bool Has(Request request, string name) =>
        Find(request, name) is { KindCase: not Value.KindOneofCase.NullValue };

    /// <summary>Sets a param to a whole number, and leaves the others as they are.</summary>
    public static void Set(Request request, string name, long value)
    {
        if (request.ParamsJson.Length > 0)
        {
            SetJson(request, name, value.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            (request.Params ??= new Struct()).Fields[name] = Value.ForNumber(value);
        }
    }

    /// <summary>Sets a param to a text, or to null, and leaves the others as they are.</summary>
    public static void Set(Request request, string name, string? value)
    {
        if (request.ParamsJson.Length > 0)
        {
            SetJson(request, name, value is null ? "null" : JsonParams.Encode(value));
        }
        else
        {
            (request.Params ??= new Struct()).Fields[name] = value is null ? Value.ForNull() : Value.ForString(value);
        }
    }

    /// <summary>Sets a param to what it is in another request, if it is there, with whose params its own have the form in common.</summary>
    public static void Copy(Request from, Request to, string name)
    {
        if (from.ParamsJson.Length > 0)
        {
            if (FindJson(from, name) is { IsEmpty: false } json)
            {
                SetJson(to, name, System.Text.Encoding.UTF8.GetString(json));
            }
        }
        else if (Find(from, name) is { } value)
        {
            (to.Params ??= new Struct()).Fields[name] = value.Clone();
        }
    }

    private static void SetJson(Request request, string name, string json)
    {
        if (JsonParams.TryParse(request.ParamsJson, out var parameters))
        {
            request.ParamsJson = parameters.With(name, json);
        }
    }

    private static ReadOnlySpan<byte> FindJson(Request request, string name) =>
        JsonParams.TryParse(request.ParamsJson, out var parameters) ? parameters.Find(name) : default;

    private static Value? Find(Request request, string name)
    {
        if (request.ParamsJson.Length > 0)
        {
            return ToValue(FindJson(request, name));
        }

        return request.Params is { } message && message.Fields.TryGetValue(name, out var value) ? value : null;
    }

    // Only what it takes to know a whole number, and null from everything else.
    private static Value? ToValue(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Null => Value.ForNull(),
            JsonTokenType.Number => Value.ForNumber(reader.GetDouble()),
            JsonTokenType.String => Value.ForString(JsonTokens.FindText(reader) ?? ""),
            _ => new Value(),
        };
    }
}
