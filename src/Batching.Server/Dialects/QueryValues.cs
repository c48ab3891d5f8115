using System.Globalization;
using Google.Rpc;
using Grpc.AspNetCore.JsonTranscoding;

namespace Batching.Server.Dialects;

/// <summary>
/// Reads the parameters of a query, and gathers what is wrong with them. Unknown ones are ignored; an empty value
/// means the default.
/// </summary>
internal sealed class QueryValues(IReadOnlyList<KeyValuePair<string, string>> query)
{
    private readonly List<BadRequest.Types.FieldViolation> _problems = [];

    /// <summary><c>true</c> or <c>false</c> in any case, <c>1</c> or <c>0</c>.</summary>
    public static bool? ParseBoolean(string value) => value switch
    {
        "1" => true,
        "0" => false,
        _ => bool.TryParse(value, out var parsed) ? parsed : null,
    };

    public bool ReadBoolean(string name)
    {
        if (Last(name) is not { } value)
        {
            return false;
        }

        var parsed = ParseBoolean(value);
        if (parsed is null)
        {
            AddProblem(name, $"must be true, false, 1 or 0, not '{value}'");
        }

        return parsed ?? false;
    }

    public long? ReadInteger(string name)
    {
        if (Last(name) is not { } value)
        {
            return null;
        }

        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed))
        {
            return parsed;
        }

        AddProblem(name, $"must be a whole number, not '{value}'");
        return null;
    }

    public string ReadText(string name) => Last(name) ?? "";

    /// <summary>Separated by commas; a parameter that comes twice goes on where it ended.</summary>
    public IReadOnlyList<string> ReadList(string name) =>
    [
        .. query.Where(parameter => parameter.Key == name)
            .SelectMany(parameter => parameter.Value.Split(
                ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
    ];

    public void AddProblem(string name, string message) =>
        _problems.Add(new BadRequest.Types.FieldViolation { Field = name, Description = message });

    /// <exception cref="InvalidRequestException">Something was wrong.</exception>
    public void ThrowIfBad()
    {
        if (_problems.Count > 0)
        {
            throw new InvalidRequestException(_problems);
        }
    }

    private string? Last(string name)
    {
        for (var i = query.Count - 1; i >= 0; i--)
        {
            if (query[i].Key == name)
            {
                return query[i].Value.Length > 0 ? query[i].Value : null;
            }
        }

        return null;
    }
}
