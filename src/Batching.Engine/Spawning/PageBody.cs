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
        return JsonBody.TryRead(reply.Body, codings, ResponseHeaders.Find(headers, "content-type"u8), maxBytes, out var body)
            ? body
            : throw new FormatException($"The page can't be decoded: its content encoding is {CallerText.Quote(codings)}.");
    }
}
