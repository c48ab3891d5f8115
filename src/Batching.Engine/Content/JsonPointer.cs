using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Batching.Engine.Content;

/// <summary>Finds a value in a JSON text without building a document (RFC 6901).</summary>
internal sealed class JsonPointer
{
    private readonly string[] _tokens;

    private readonly string _text;

    private JsonPointer(string text, string[] tokens)
    {
        _text = text;
        _tokens = tokens;
    }

    /// <summary>The names and indexes that lead to the value.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Whether a text is a pointer: empty, or beginning with a slash.</summary>
    public static bool IsValid(string text) => text.Length == 0 || text[0] == '/';

    /// <summary>The pointer that a valid text stands for.</summary>
    public static JsonPointer Parse(string text) => new(text, text.Length == 0
        ? []
        : [.. text[1..].Split('/').Select(token => token.Replace("~1", "/").Replace("~0", "~"))]);

    /// <summary>The pointer as it was written.</summary>
    public override string ToString() => _text;

    /// <summary>The index that a token stands for in an array; -1 if it is none: an index has no leading zeros (section 4).</summary>
    public static int ToIndex(string token) =>
        int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && (token[0] != '0' || token.Length == 1)
            ? index
            : -1;

    /// <summary>Moves a fresh reader to the first token of the value; false if there is no such value.</summary>
    /// <exception cref="JsonException">The text is no JSON, as far as it was read.</exception>
    public bool TryMoveTo(ref Utf8JsonReader reader)
    {
        reader.Read();
        foreach (var token in _tokens)
        {
            var found = reader.TokenType switch
            {
                JsonTokenType.StartObject => TryMoveToMember(ref reader, Encoding.UTF8.GetBytes(token)),
                JsonTokenType.StartArray => TryMoveToElement(ref reader, token),
                _ => false,
            };
            if (!found)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryMoveToMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isWanted = JsonTokens.Matches(reader, name);
            reader.Read();
            if (isWanted)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool TryMoveToElement(ref Utf8JsonReader reader, string token)
    {
        if (ToIndex(token) is not (>= 0 and var index))
        {
            return false;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (index-- == 0)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
