using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>The rules by which the pages of one query follow each other: what its request says, else what its upstream is configured for.</summary>
internal sealed class PageRules
{
    /// <summary>The header field that a cursor is looked for in where nobody has said which.</summary>
    public const string WellKnownCursorHeader = "X-Next-Cursor";

    private PageRules(Pagination said, PaginationOptions options)
    {
        Style = said.Style != PaginationStyle.Unspecified ? said.Style
            : said.HasCursorPointer || said.HasCursorParam || said.HasLastItemPointer || said.HasCursorBodyPointer || said.HasCursorHeader
                ? PaginationStyle.Cursor
            : said.HasNextUrlPointer ? PaginationStyle.NextUrl
            : PaginationStyle.Auto;
        CursorPointer = JsonPointer.Parse(said.HasCursorPointer ? said.CursorPointer : PaginationOptions.DefaultCursorPointer);
        CursorParam = said.HasCursorParam ? said.CursorParam : PaginationOptions.DefaultCursorParam;
        CursorHeader = said.HasCursorHeader ? said.CursorHeader : null;
        CursorHeaderName = Encoding.ASCII.GetBytes((CursorHeader ?? WellKnownCursorHeader).ToLowerInvariant());
        NextUrlPointer = JsonPointer.Parse(said.HasNextUrlPointer ? said.NextUrlPointer : PaginationOptions.DefaultNextUrlPointer);
        PageParam = said.HasPageParam ? said.PageParam : options.PageParam;
        FirstPage = said.HasFirstPage ? said.FirstPage : options.FirstPage;
        OffsetParam = said.HasOffsetParam ? said.OffsetParam : options.OffsetParam;
        LimitParam = said.HasLimitParam ? said.LimitParam : Style == PaginationStyle.Page ? "page_size" : "limit";
        PageSize = said.HasPageSize ? Math.Min(said.PageSize, options.MaxPageSize ?? options.PageSize) : options.PageSize;
        var pattern = new PagePattern(said.HasItemsPointer ? JsonPointer.Parse(said.ItemsPointer) : null);
        TotalSlot = said.HasTotalPointer ? pattern.Add(JsonPointer.Parse(said.TotalPointer)) : -1;
        TotalHeader = said.HasTotalHeader ? said.TotalHeader : null;
        PageCountSlot = said.HasPageCountPointer && Style == PaginationStyle.Page
            ? pattern.Add(JsonPointer.Parse(said.PageCountPointer))
            : -1;
        LastItemPointer = said.HasLastItemPointer ? JsonPointer.Parse(said.LastItemPointer) : null;
        CursorBodyPointer = said is { CursorTarget: CursorTarget.Body, HasCursorBodyPointer: true }
            ? JsonPointer.Parse(said.CursorBodyPointer)
            : null;
        Transform = said.CursorTransform;
        MoreSlot = said.HasMorePointer ? pattern.Add(JsonPointer.Parse(said.MorePointer)) : -1;
        RangeUnit = said.HasRangeUnit ? said.RangeUnit : "items";
        Safe = said.Safe;
        Sequential = said.HasSequential ? said.Sequential : options.Sequential;
        Next = new NextRules(this, pattern);
        Pattern = pattern;
    }

    public PaginationStyle Style { get; }

    public JsonPointer CursorPointer { get; }

    public string CursorParam { get; }

    /// <summary>The header field that has the cursor; null where it is in the page.</summary>
    public string? CursorHeader { get; }

    /// <summary>The header field to look for a cursor in, as answers have names: in lower case.</summary>
    public ReadOnlyMemory<byte> CursorHeaderName { get; }

    public JsonPointer NextUrlPointer { get; }

    public string PageParam { get; }

    public int FirstPage { get; }

    public string OffsetParam { get; }

    public string LimitParam { get; }

    /// <summary>Items to ask for in a page: at most what the upstream is configured for, whatever the request says.</summary>
    public int PageSize { get; }

    /// <summary>The number of the total among the values of <see cref="Pattern"/>; -1 if no page tells it.</summary>
    public int TotalSlot { get; }

    public string? TotalHeader { get; }

    /// <summary>That of the count of pages.</summary>
    public int PageCountSlot { get; }

    public bool Sequential { get; }

    /// <summary>Place of the cursor in the last item of a page; null where it is in the page itself.</summary>
    public JsonPointer? LastItemPointer { get; }

    /// <summary>Place of the cursor in the body of a request; null where a query parameter carries it.</summary>
    public JsonPointer? CursorBodyPointer { get; }

    public CursorTransform Transform { get; }

    /// <summary>The number of the value that says whether a page follows; -1 if the cursor says it.</summary>
    public int MoreSlot { get; }

    public string RangeUnit { get; }

    /// <summary>Whether the call changes nothing, whatever its method is.</summary>
    public bool Safe { get; }

    /// <summary>The values that are looked for in a page.</summary>
    public PagePattern Pattern { get; }

    /// <summary>The places where a page shows the next one.</summary>
    public NextRules Next { get; }

    /// <summary>Whether pages are numbered, or begin at an offset.</summary>
    public bool IsStepped => Style is PaginationStyle.Page or PaginationStyle.Offset or PaginationStyle.Range;

    /// <summary>Whether each page begins where the items of the one before end.</summary>
    public bool CountsItems => Style is PaginationStyle.Offset or PaginationStyle.Range;

    /// <summary>Whether each page names the whole path of the next one.</summary>
    public bool HasLinks => Style is PaginationStyle.Link or PaginationStyle.NextUrl;

    /// <summary>The query parameter that the style steps, for the styles that step one.</summary>
    public string StepParam => Style == PaginationStyle.Page ? PageParam : OffsetParam;

    /// <summary>The query parameters that may carry a cursor.</summary>
    public IEnumerable<string> CursorParams =>
        Next.Followed.Where(rule => !rule.IsLink).Select(rule => rule.Param).Distinct(StringComparer.Ordinal);

    /// <summary>The rules of a query.</summary>
    /// <param name="options">What its upstream is configured for.</param>
    /// <param name="request">What its request says; null for nothing.</param>
    public static PageRules Of(PaginationOptions options, Pagination? request) => new(Merge(options, request), options);

    /// <summary>Merges both into a new message, presets included; the request wins.</summary>
    /// <inheritdoc cref="Of"/>
    public static Pagination Merge(PaginationOptions options, Pagination? request)
    {
        var said = PaginationPresets.Find(options.Preset ?? "")?.Clone() ?? new Pagination();
        said.MergeFrom(options.ToMessage());
        if (request is not null)
        {
            said.MergeFrom(PaginationPresets.Find(request.Preset) ?? new Pagination());
            said.MergeFrom(request);
        }

        return said;
    }
}
