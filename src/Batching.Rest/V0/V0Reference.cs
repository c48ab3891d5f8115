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
    public static string? ReadText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        var inside = reader;
        if (reader.TokenType != JsonTokenType.StartObject || !inside.Read() || inside.TokenType != JsonTokenType.PropertyName
            || inside.GetString() != "$ref" || !inside.Read() || inside.TokenType != JsonTokenType.String)
        {
            return null;
        }

        // What would end a reference in a text is percent-encoded there.
        var reference = inside.GetString()!.Replace("}", "%7D", StringComparison.Ordinal);
        if (!inside.Read() || inside.TokenType != JsonTokenType.EndObject)
        {
            return null;
        }

        reader = inside;
        return $"${{{reference}}}";
    }
}
