using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Upstreams;

/// <summary>Params that came as a message, whose numbers are doubles.</summary>
internal static class StructParams
{
    /// <summary>What is wrong with params, as a sentence without its subject; null if nothing is.</summary>
    /// <param name="parameters">The params, from JSON or from a message that can hold what JSON can't.</param>
    /// <param name="maxDepth">Levels that they may have.</param>
    public static string? FindProblem(Struct parameters, int maxDepth)
    {
        foreach (var (name, value) in parameters.Fields)
        {
            if (value.KindCase != Value.KindOneofCase.StringValue && FindProblem(value, maxDepth) is { } problem)
            {
                return $"has the param '{name}', which {problem}";
            }
        }

        return null;
    }

    private static string? FindProblem(Value value, int levels)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.None:
                return "has no value";
            case Value.KindOneofCase.NumberValue when !double.IsFinite(value.NumberValue):
                return "is not a finite number";
            case Value.KindOneofCase.StructValue or Value.KindOneofCase.ListValue:
                if (levels == 1)
                {
                    return "is nested too deeply";
                }

                // JSON allows it, the JSON form of messages does not.
                if (value.KindCase == Value.KindOneofCase.StructValue && value.StructValue.Fields.ContainsKey(""))
                {
                    return "has a member without a name";
                }

                IEnumerable<Value> members = value.KindCase == Value.KindOneofCase.ListValue
                    ? value.ListValue.Values
                    : value.StructValue.Fields.Values;
                return members.Select(member => FindProblem(member, levels - 1)).FirstOrDefault(found => found is not null);
            default:
                return null;
        }
    }

    /// <summary>Appends them to a query.</summary>
    public static void Append(QueryWriter query, Struct parameters)
    {
        foreach (var (name, value) in parameters.Fields)
        {
            if (value.KindCase == Value.KindOneofCase.ListValue)
            {
                foreach (var item in value.ListValue.Values)
                {
                    AppendOne(name, item);
                }
            }
            else
            {
                AppendOne(name, value);
            }
        }

        void AppendOne(string name, Value value)
        {
            if (!query.IsTooLong && ToText(value) is { } text)
            {
                query.Add(name, text);
            }
        }
    }

    /// <summary>
    /// A number as JavaScript writes it: without an exponent from 10^-6 to 10^21, whole numbers with all their digits.
    /// </summary>
    public static string FormatNumber(double number)
    {
        var size = Math.Abs(number);
        if (size < 1e21 && number == Math.Truncate(number))
        {
            return new System.Numerics.BigInteger(number).ToString(CultureInfo.InvariantCulture);
        }

        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        if (exponentAt < 0)
        {
            return text;
        }

        var exponent = int.Parse(text.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent is < 0 and >= -6
            ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, exponentAt)}e{exponent:+0;-0}");
    }

    private static string? ToText(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.NumberValue => FormatNumber(value.NumberValue),
        Value.KindOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        Value.KindOneofCase.StructValue => JsonFormatter.Default.Format(value.StructValue),
        Value.KindOneofCase.ListValue => JsonFormatter.Default.Format(value.ListValue),
        _ => null,
    };
}
