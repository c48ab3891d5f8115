using System.Text;
using System.Text.Unicode;

namespace Batching.Engine.Content;

/// <summary>The body of an answer as the JSON that it is, however the API has encoded it.</summary>
internal static class JsonBody
{
    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="codings">The value of its <c>Content-Encoding</c>.</param>
    /// <param name="contentType">The value of its <c>Content-Type</c>.</param>
    /// <param name="maxBytes">Bytes that it may have, decoded.</param>
    /// <param name="json">The body in UTF-8, decoded. It need not be JSON.</param>
    /// <returns>False if it can't be decoded, or has more bytes.</returns>
    public static bool TryRead(
        ReadOnlyMemory<byte> body, string codings, string contentType, int maxBytes, out ReadOnlyMemory<byte> json)
    {
        if (!ContentCodings.TryDecode(body, codings, maxBytes, out json))
        {
            return false;
        }

        var charSet = MediaType.Parse(contentType).CharSet;
        if (!CharSets.IsUtf8(charSet) && !IsUtf8Json(json.Span) && CharSets.Decode(json.Span, charSet) is { } text)
        {
            json = Encoding.UTF8.GetBytes(text);
        }

        return true;
    }

    // Most JSON is in UTF-8 whatever its type says. UTF-16 can look like that, but for bytes that no JSON has.
    private static bool IsUtf8Json(ReadOnlySpan<byte> body) => Utf8.IsValid(body) && !body.Contains((byte)0);
}
