using System.Text.Encodings.Web;
using System.Text.Json;

namespace Batching.Rest.Replies;

/// <summary>The escapes in all JSON of replies: not more than JSON needs, apart from what lies outside the BMP.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        // Replies are application/json, never part of an HTML page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Writes a value that is known to be valid JSON.</summary>
    /// <param name="json">Where to write.</param>
    /// <param name="value">The value.</param>
    /// <param name="onOneLine">
    /// Whether line breaks become blanks. Outside of strings, where alone JSON can have them, they mean the same.
    /// </param>
    public static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> value, bool onOneLine)
    {
        if (!onOneLine || !value.ContainsAny((byte)'\r', (byte)'\n'))
        {
            json.WriteRawValue(value, skipInputValidation: true);
            return;
        }

        var line = value.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        json.WriteRawValue(line, skipInputValidation: true);
    }
}
