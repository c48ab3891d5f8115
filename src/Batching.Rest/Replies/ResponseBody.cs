using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Batching.Rest.Replies;

/// <summary>How the body of an API's response is shown in a JSON reply.</summary>
internal static class ResponseBody
{
    // Deeper JSON than this counts as text: no client could read it.
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = 512 };

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>What kind of body it is.</summary>
    /// <param name="body">The bytes as the API sent them.</param>
    /// <param name="contentType">Its <c>Content-Type</c>; may be empty.</param>
    /// <param name="contentEncoding">Its <c>Content-Encoding</c>; may be empty.</param>
    /// <param name="text">The body as text, if it is text.</param>
    public static ResponseBodyKind Classify(
        ReadOnlySpan<byte> body, string contentType, string contentEncoding, out string? text)
    {
        text = null;
        if (body.IsEmpty)
        {
            return ResponseBodyKind.Empty;
        }

        if (contentEncoding.Length > 0 && !contentEncoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return ResponseBodyKind.Binary;
        }

        var type = MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? parsed : null;
        if (IsJson(type?.MediaType) && IsValidJson(body))
        {
            return ResponseBodyKind.Json;
        }

        if (!IsText(type?.MediaType) && type?.CharSet is null)
        {
            return ResponseBodyKind.Binary;
        }

        text = Decode(body, type?.CharSet);
        return text is null ? ResponseBodyKind.Binary : ResponseBodyKind.Text;
    }

    private static bool IsJson(string? mediaType) =>
        mediaType is not null
        && (mediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || mediaType.Equals("text/json", StringComparison.OrdinalIgnoreCase)
            || mediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    // A body without a type is text if it reads as text.
    private static bool IsText(string? mediaType) =>
        mediaType is null
        || IsJson(mediaType)
        || mediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || mediaType.EndsWith("+xml", StringComparison.OrdinalIgnoreCase)
        || mediaType.ToLowerInvariant() is "application/xml" or "application/javascript" or "application/x-ndjson"
            or "application/x-www-form-urlencoded" or "application/yaml" or "application/graphql";

    private static bool IsValidJson(ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(body, ReaderOptions);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? Decode(ReadOnlySpan<byte> body, string? charSet)
    {
        try
        {
            var encoding = string.IsNullOrEmpty(charSet)
                || charSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase)
                ? StrictUtf8
                : GetEncoding(charSet.Trim('"'));
            return encoding.GetString(body);
        }
        catch (Exception exception) when (exception is ArgumentException or DecoderFallbackException)
        {
            // An unknown character set, or bytes that are not in it.
            return null;
        }
    }

    // .NET itself knows the Unicode ones, ASCII and Latin 1; the provider knows the others.
    private static Encoding GetEncoding(string charSet) =>
        CodePagesEncodingProvider.Instance.GetEncoding(
            charSet, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
        ?? Encoding.GetEncoding(charSet, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
}
