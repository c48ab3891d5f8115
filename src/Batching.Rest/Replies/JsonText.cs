using System.Text.Encodings.Web;
using System.Text.Json;

namespace Batching.Rest.Replies;

/// <summary>How all JSON of replies is escaped: not more than JSON needs, apart from what lies outside the BMP.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        // Replies are application/json, never part of an HTML page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };
}
