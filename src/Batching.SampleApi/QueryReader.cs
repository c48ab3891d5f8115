using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Batching.SampleApi;

/// <summary>Reads the query of one call and remembers the first thing wrong with it.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    /// <summary>The problem of the query, if anything read so far is wrong.</summary>
    public string? Error { get; private set; }

    /// <summary>A parameter's text; null if it is missing or empty.</summary>
    public string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;

    /// <summary>A whole number within bounds, else <paramref name="fallback"/>.</summary>
    public int Number(string name, int fallback, int min, int max)
    {
        if (Text(name) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max)
        {
            return number;
        }

        Refuse($"{name} must be a whole number from {min} to {max}");
        return fallback;
    }

    public void Refuse(string error) => Error ??= error;
}
