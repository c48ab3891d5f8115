using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>The places where a style looks for the next page, and other signs of one.</summary>
internal sealed class NextRules
{
    private const string LinkHeader = "Link";

    // In the order of the style AUTO (see the contract): URLs say all of the next request, so they come first.
    private static readonly string[] Urls =
    [
        "/@odata.nextLink", "/@nextLink", "/next", "/links/next", "/_links/next", "/paging/next", "/pagination/next_url", "/nextLink",
        "/nextPageUrl", "/nextRecordsUrl", "/pages/next", "/meta/pagination/links/next",
    ];

    private static readonly (string Pointer, string Param)[] Cursors =
    [
        ("/nextPageToken", "pageToken"), ("/next_page_token", "page_token"), ("/next_cursor", "cursor"),
        ("/meta/next_cursor", "cursor"), ("/response_metadata/next_cursor", "cursor"),
        ("/metadata/next_cursor", "cursor"),
    ];

    private static readonly string[] Flags =
    [
        "/has_more", "/hasMore", "/has_next", "/hasNext", "/meta/has_more", "/pagination/has_more", "/meta/pagination/has_more",
        "/meta/pagination/hasMore", "/pageInfo/hasNextPage",
    ];

    private readonly List<NextRule> _followed = [];
    private readonly List<NextRule> _watched = [];
    private readonly PagePattern _pattern;

    /// <param name="rules">What the query is to follow.</param>
    /// <param name="pattern">Gets the places.</param>
    public NextRules(PageRules rules, PagePattern pattern)
    {
        _pattern = pattern;
        switch (rules.Style)
        {
            case PaginationStyle.Link:
                _followed.Add(new NextRule(NextKind.LinkHeader, LinkHeader));
                break;
            case PaginationStyle.NextUrl:
                _followed.Add(Url(rules.NextUrlPointer));
                break;
            case PaginationStyle.Cursor:
                _followed.Add(rules switch
                {
                    { LastItemPointer: { } lastItem } => new NextRule(NextKind.LastItem, lastItem.ToString(), rules.CursorParam),
                    { CursorHeader: { } header } => new NextRule(NextKind.CursorHeader, header, rules.CursorParam),
                    _ => Cursor(rules.CursorPointer, rules.CursorParam),
                });
                break;
            case PaginationStyle.Auto:
                _followed.AddRange(WellKnown());
                _followed.Add(Cursor(rules.CursorPointer, rules.CursorParam));
                break;
        }

        _watched.AddRange(WellKnown().Where(known => !_followed.Exists(rule =>
            rule.Name == known.Name || (rule.Kind == NextKind.CursorHeader && known.Kind == NextKind.CursorHeader))));
        if (rules.MoreSlot >= 0 || rules.LastItemPointer is not null)
        {
            // It is said what tells of a next page.
            _watched.Clear();
            return;
        }

        _watched.AddRange(Flags.Select(flag => new NextRule(NextKind.Flag, flag, Slot: _pattern.Add(JsonPointer.Parse(flag)))));
    }

    /// <summary>The first that shows a next page leads to it.</summary>
    public IReadOnlyList<NextRule> Followed => _followed;

    /// <summary>Signs of a next page that the style does not follow.</summary>
    public IReadOnlyList<NextRule> Watched => _watched;

    // A header field comes behind the places in the page: who sends both means the same.
    private IEnumerable<NextRule> WellKnown() =>
    [
        new NextRule(NextKind.LinkHeader, LinkHeader),
        .. Urls.Select(url => Url(JsonPointer.Parse(url))),
        .. Cursors.Select(cursor => Cursor(JsonPointer.Parse(cursor.Pointer), cursor.Param)),
        new NextRule(NextKind.CursorHeader, PageRules.WellKnownCursorHeader, PaginationOptions.DefaultCursorParam),
    ];

    private NextRule Url(JsonPointer pointer) => new(
        NextKind.Url,
        pointer.ToString(),
        Slot: _pattern.Add(pointer),
        HrefSlot: _pattern.Add(JsonPointer.Parse($"{pointer}/href")));

    private NextRule Cursor(JsonPointer pointer, string param) =>
        new(NextKind.Cursor, pointer.ToString(), param, _pattern.Add(pointer));
}
