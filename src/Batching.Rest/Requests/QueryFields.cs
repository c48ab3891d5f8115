using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Rest.Calls;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using HttpRequest = Microsoft.AspNetCore.Http.HttpRequest;

namespace Batching.Rest.Requests;

/// <summary>
/// Reads the query of a call for the fields of its request message, more generously than the official transcoder: names in
/// any case, with or without <c>_</c> and <c>-</c>; lists separated by commas; truth values in any case, or as 1 and 0; a
/// parameter without a value as none. What it leaves for the transcoder are the fields that there are, in its spelling.
/// </summary>
/// <remarks>
/// The transcoder keeps each name that it was ever asked for (Microsoft.AspNetCore.Grpc.JsonTranscoding 10.0.15), which
/// callers could fill its memory with: names that nobody knows must not come to it.
/// </remarks>
internal static class QueryFields
{
    private static readonly ConcurrentDictionary<MessageDescriptor, Dictionary<string, FieldDescriptor>> Known = new();

    /// <summary><c>true</c> or <c>false</c> in any case, <c>1</c> or <c>0</c>.</summary>
    public static bool? ParseBoolean(ReadOnlySpan<char> value) => value switch
    {
        "1" => true,
        "0" => false,
        _ => bool.TryParse(value, out var parsed) ? parsed : null,
    };

    /// <summary>A name as it is compared: in small letters, without what sets words apart.</summary>
    public static string Fold(ReadOnlySpan<char> name)
    {
        Span<char> folded = name.Length <= 64 ? stackalloc char[name.Length] : new char[name.Length];
        var length = 0;
        foreach (var letter in name)
        {
            if (letter is not ('_' or '-'))
            {
                folded[length++] = char.ToLowerInvariant(letter);
            }
        }

        return new string(folded[..length]);
    }

    /// <summary>Replaces the query of a request by the fields that it has.</summary>
    /// <param name="request">The request.</param>
    /// <param name="message">The message that the fields are of.</param>
    /// <exception cref="RefusedCallException">Some are bad: names them.</exception>
    public static void Bind(HttpRequest request, MessageDescriptor message)
    {
        if (request.QueryString.Value is not { Length: > 1 } query)
        {
            return;
        }

        var fields = new Dictionary<string, StringValues>(StringComparer.Ordinal);
        var problems = new List<Problem>();
        var known = Known.GetOrAdd(message, static message => message.Fields.InDeclarationOrder()
            .ToDictionary(field => Fold(field.Name), StringComparer.Ordinal));
        foreach (var parameter in new QueryStringEnumerable(query))
        {
            if (parameter.EncodedValue.IsEmpty || !known.TryGetValue(Fold(parameter.DecodeName().Span), out var field))
            {
                continue;
            }

            var present = fields.GetValueOrDefault(field.Name);
            if (TryRead(field, parameter.DecodeValue().ToString(), present, out var values, out var problem))
            {
                fields[field.Name] = values;
            }
            else
            {
                problems.Add(new Problem(field.Name, problem));
            }
        }

        if (problems.Count > 0)
        {
            throw new RefusedCallException(CallError.FromFields(problems));
        }

        // Not through the request's own property, which would write the query string anew.
        request.HttpContext.Features.Set<IQueryFeature>(new QueryFeature(new QueryCollection(fields)));
    }

    private static bool TryRead(
        FieldDescriptor field,
        string value,
        StringValues present,
        out StringValues values,
        [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        values = value;
        switch (field.FieldType)
        {
            case FieldType.String when field.IsRepeated:
                values = StringValues.Concat(present, Split(value));
                return true;
            case FieldType.Message when field.MessageType.FullName == FieldMask.Descriptor.FullName:
                values = string.Join(',', (string?[])[.. present, .. Split(value).Select(ToFieldPath)]);
                return true;
            case var _ when present.Count > 0:
                problem = "is given twice";
                return false;
            case FieldType.Bool:
                var truth = ParseBoolean(value);
                values = truth == true ? "true" : "false";
                problem = truth is null ? $"must be true, false, 1 or 0, not {CallerText.Quote(value)}" : null;
                return truth is not null;
            case FieldType.Int32 or FieldType.Int64:
                var isNumber = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
                number = field.FieldType == FieldType.Int32 ? Math.Clamp(number, int.MinValue, int.MaxValue) : number;
                values = number.ToString(CultureInfo.InvariantCulture);
                problem = isNumber ? null : $"must be a whole number, not {CallerText.Quote(value)}";
                return isNumber;
            default:
                return true;
        }
    }

    private static string[] Split(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    // In JSON a path of fields is written in lower camel case.
    private static string ToFieldPath(string path) =>
        string.Join('.', path.Split('.').Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
}
