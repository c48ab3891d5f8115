using System.Text.Json;

namespace Batching.Rest.V0;

/// <summary>
/// Texts of the contract that can have references in them, which the v0 paths let stand as <c>{"$ref": "…"}</c> too, where the
/// reference is all there is.
/// </summary>
internal static class V0Reference
{
    /// <summary>Reads a string, or an object with the one member <c>$ref</c>.</summary>
    /// <returns>The text; null, with the reader where it was, if it is neither.</returns>
    public static string? ReadText(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String
        ? reader.GetString()
        // A brace would end the reference in a text.
        : Read(ref reader) is { } reference ? $"${{{reference.Replace("}", "%7D", StringComparison.Ordinal)}}}"
        : null;

    /// <summary>Reads an object with the one member <c>$ref</c>.</summary>
    /// <returns>The reference; null, with the reader where it was, if it is none.</returns>
    public static string? Read(ref Utf8JsonReader reader)
    {

        var inside = reader;
        if (reader.TokenType != JsonTokenType.StartObject || !inside.Read() || inside.TokenType != JsonTokenType.PropertyName
            || inside.GetString() != "$ref" || !inside.Read() || inside.TokenType != JsonTokenType.String)
        {
            return null;
        }

        var reference = inside.GetString();
        if (!inside.Read() || inside.TokenType != JsonTokenType.EndObject)
        {
            return null;
        }

        reader = inside;
        return reference;
    }
}
