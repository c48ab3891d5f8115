using System.Globalization;
using Batching.Engine.Content;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Upstreams;

/// <summary>Params that came as a message, whose numbers are doubles.</summary>
internal static class StructParams
{
    // A value takes fewer bytes as a message than this for each character of its JSON: a number of one digit takes 9 and
    // its tags, and has a comma or a bracket beside it.
    private const int BytesPerCharacter = 8;

    /// <summary>The problem with params, as a sentence without its subject; null if there is none.</summary>
    /// <param name="parameters">The params, from JSON or from a message that can hold what JSON can't.</param>
    /// <param name="maxDepth">Levels that they may have.</param>
    public static string? FindProblem(Struct parameters, int maxDepth)
    {
        if (HasNameless(parameters))
        {
            return "has a param without a name, which only params_json and query can have";
        }

        foreach (var (name, value) in parameters.Fields)
        {
            if (value.KindCase != Value.KindOneofCase.StringValue && FindProblem(value, maxDepth) is { } problem)
            {
                return $"has the param {CallerText.Quote(name)}, which {problem}";
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

                if (value.KindCase == Value.KindOneofCase.StructValue && HasNameless(value.StructValue))
                {
                    return "has a member without a name";
                }

                return value.KindCase == Value.KindOneofCase.ListValue
                    ? FindProblem(value.ListValue, levels - 1)
                    : FindProblemOfMembers(value.StructValue, levels - 1);
            default:
                return null;
        }
    }

    // JSON allows it, what writes messages as JSON does not (Google.Protobuf 3.36.2, JsonTranscoding 10.0.15).
    private static bool HasNameless(Struct members) => members.Fields.ContainsKey("");

    private static string? FindProblem(ListValue list, int levels)
    {
        for (var i = 0; i < list.Values.Count; i++)
        {
            if (FindProblem(list.Values[i], levels) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? FindProblemOfMembers(Struct members, int levels)
    {
        foreach (var (_, value) in members.Fields)
        {
            if (FindProblem(value, levels) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Appends them to a query.</summary>
    public static void Append(QueryWriter query, Struct parameters)
    {
        foreach (var (name, value) in parameters.Fields)
        {
            if (value.KindCase != Value.KindOneofCase.ListValue)
            {
                AppendOne(name, value);
            }
            else if (value.ListValue.Values.Count == 0)
            {
                query.AddUnsent(name);
            }
            else
            {
                foreach (var item in value.ListValue.Values.TakeWhile(_ => !query.IsTooLong))
                {
                    AppendOne(name, item);
                }
            }

            if (query.IsTooLong)
            {
                return;
            }
        }

        void AppendOne(string name, Value value)
        {
            // What is far too long is not written as text to find that out.
            if (value.StructValue is not null || value.ListValue is not null)
            {
                if (!query.HasRoom(value.CalculateSize() / BytesPerCharacter))
                {
                    return;
                }
            }

            if (ToText(value) is { } text)
            {
                query.Add(name, text);
            }
            else
            {
                query.AddUnsent(name);
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
