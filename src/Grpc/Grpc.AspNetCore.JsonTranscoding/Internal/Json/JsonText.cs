using System.Text.Encodings.Web;
using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>
/// How all JSON of this library is escaped: not more than JSON needs, apart from what lies outside the BMP.
/// </summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        // Replies are application/json, never part of an HTML page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static JsonEncodedText Encode(string text) =>
        JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
