using System.Text;
using System.Text.Unicode;
using Batching.Engine.Content;
using Batching.Engine.Model;

namespace Batching.Engine.Spawning;

/// <summary>The body of a page as the JSON that it is, however the API has encoded it.</summary>
internal static class PageBody
{
    /// <summary>The page in UTF-8, decoded.</summary>
    /// <param name="reply">The page.</param>
    /// <param name="maxBytes">Bytes that it may have, decoded.</param>
    /// <exception cref="FormatException">It can't be decoded.</exception>
    public static ReadOnlyMemory<byte> Read(UpstreamReply reply, int maxBytes)
    {
        var headers = reply.Headers.Span;
        var codings = ResponseHeaders.Find(headers, "content-encoding"u8);
        if (!ContentCodings.TryDecode(reply.Body, codings, maxBytes, out var body))
        {
            throw new FormatException($"The page can't be decoded: its content encoding is {CallerText.Quote(codings)}.");
        }

        var charSet = MediaType.Parse(ResponseHeaders.Find(headers, "content-type"u8)).CharSet;
        return CharSets.IsUtf8(charSet) || IsUtf8Json(body.Span) || CharSets.Decode(body.Span, charSet) is not { } text
            ? body
            : Encoding.UTF8.GetBytes(text);
    }

    // Most JSON is in UTF-8 whatever its type says. UTF-16 can look like that, but for bytes that no JSON has.
    private static bool IsUtf8Json(ReadOnlySpan<byte> body) => Utf8.IsValid(body) && !body.Contains((byte)0);
}
