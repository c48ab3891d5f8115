using System.Buffers;

namespace Batching.Engine.Content;

/// <summary>
/// A <c>Content-Type</c> as servers really write it: parameters may be empty, come twice, lack their quotes or have the wrong
/// ones, and fields that came twice are joined by a comma. Then the last type counts, as browsers have it
/// (https://fetch.spec.whatwg.org/#concept-header-extract-mime-type).
/// </summary>
/// <param name="Name">Type and subtype in lower case; empty if there is none.</param>
/// <param name="CharSet">The name of the character set; empty if there is none.</param>
public readonly record struct MediaType(string Name, string CharSet)
{
    // RFC 9110, section 5.6.2.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Whether it is JSON by its name: <c>application/json</c>, <c>text/json</c>, <c>…+json</c>.</summary>
    public bool IsJson => Name is "application/json" or "text/json" or "application/x-json" or "text/x-json"
        || Name.EndsWith("+json", StringComparison.Ordinal);

    /// <summary>Whether it is text by its name, JSON included. A body without a type is one if it reads as text.</summary>
    public bool IsText => Name.Length == 0
        || IsJson
        || Name.StartsWith("text/", StringComparison.Ordinal)
        || Name.EndsWith("+xml", StringComparison.Ordinal)
        || Name is "application/xml" or "application/javascript" or "application/x-ndjson"
            or "application/x-www-form-urlencoded" or "application/yaml" or "application/graphql";

    /// <summary>Reads the value of a field; never fails.</summary>
    public static MediaType Parse(string value)
    {
        // As nearly all are.
        if (value is "application/json" or "application/json; charset=utf-8")
        {
            return new MediaType("application/json", value.Length > 16 ? "utf-8" : "");
        }

        var found = new MediaType("", "");
        for (var rest = value.AsSpan(); !rest.IsEmpty;)
        {
            var next = ParseOne(TakeUntil(ref rest, ','));
            if (next.Name.Length > 0)
            {
                found = next.Name == found.Name && next.CharSet.Length == 0 ? found : next;
            }
            else if (found.CharSet.Length == 0)
            {
                found = found with { CharSet = next.CharSet };
            }
        }

        return found;
    }

    private static MediaType ParseOne(ReadOnlySpan<char> value)
    {
        var name = TakeUntil(ref value, ';').Trim();
        var blank = name.IndexOfAny(' ', '\t');
        if (blank >= 0)
        {
            // A semicolon was forgotten.
            value = name[blank..];
            name = name[..blank];
        }

        var slash = name.IndexOf('/');
        var isName = slash > 0
            && slash < name.Length - 1
            && !name[..slash].ContainsAnyExcept(TokenCharacters)
            && !name[(slash + 1)..].ContainsAnyExcept(TokenCharacters)
            && name is not "*/*";
        return new MediaType(isName ? name.ToString().ToLowerInvariant() : "", FindCharSet(value));
    }

    // The first that is not empty.
    private static string FindCharSet(ReadOnlySpan<char> parameters)
    {
        while (!parameters.IsEmpty)
        {
            var parameter = TakeUntil(ref parameters, ';');
            var equals = parameter.IndexOf('=');
            if (equals > 0 && parameter[..equals].Trim().Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                var charSet = parameter[(equals + 1)..].Trim(" \t\"'");
                if (!charSet.IsEmpty)
                {
                    return charSet.ToString();
                }
            }
        }

        return "";
    }

    // What stands before a separator that is not quoted. A quote that nobody closes is an ordinary character.
    private static ReadOnlySpan<char> TakeUntil(scoped ref ReadOnlySpan<char> rest, char separator)
    {
        var end = 0;
        while (end < rest.Length && rest[end] != separator)
        {
            var close = rest[end] == '"' ? rest[(end + 1)..].IndexOf('"') : -1;
            end += close < 0 ? 1 : close + 2;
        }

        var taken = rest[..end];
        rest = end < rest.Length ? rest[(end + 1)..] : default;
        return taken;
    }
}
