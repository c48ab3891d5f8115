using Batching.Engine.Model;

namespace Batching.Engine.Spawning;

/// <summary>The next page, as the header fields of a page show it.</summary>
/// <param name="Link">The URL in <c>Link</c>; null if there is none.</param>
/// <param name="Cursor">The cursor in the field for it; null if there is none.</param>
internal readonly record struct NextFields(string? Link, string? Cursor)
{
    /// <summary>The fields of an answer.</summary>
    public static NextFields Of(UpstreamReply reply, PageRules rules)
    {
        var headers = reply.Headers.Span;
        var cursor = ResponseHeaders.Find(headers, rules.CursorHeaderName.Span);
        return new NextFields(
            LinkHeader.FindNext(ResponseHeaders.Find(headers, "link"u8)),

            // Documented for an API whose last page has no cursor: "null or empty".
            cursor is "" or "null" ? null : cursor);
    }

    /// <summary>Reads a header field by a rule; null if it shows nothing.</summary>
    public string? this[NextRule rule] => rule.Kind == NextKind.LinkHeader ? Link : Cursor;
}
