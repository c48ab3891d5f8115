using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>How the pages of one query follow each other: what its request says, else what its upstream is configured for.</summary>
internal sealed record PageRules
{
    private PageRules(PaginationOptions options, Pagination request)
    {
        Style = request.Style == PaginationStyle.Unspecified ? options.Style : request.Style;
        CursorPointer = JsonPointer.Parse(request.HasCursorPointer ? request.CursorPointer : options.CursorPointer);
        CursorParam = request.HasCursorParam ? request.CursorParam : options.CursorParam;
        NextUrlPointer = JsonPointer.Parse(request.HasNextUrlPointer ? request.NextUrlPointer : options.NextUrlPointer);
        PageParam = request.HasPageParam ? request.PageParam : options.PageParam;
        FirstPage = request.HasFirstPage ? request.FirstPage : options.FirstPage;
        OffsetParam = request.HasOffsetParam ? request.OffsetParam : options.OffsetParam;
        LimitParam = request.HasLimitParam ? request.LimitParam
            : options.LimitParam ?? (Style == PaginationStyle.Page ? "page_size" : "limit");
        PageSize = request.HasPageSize ? request.PageSize : options.PageSize;
        ItemsPointer = ParseOptional(request.HasItemsPointer ? request.ItemsPointer : options.ItemsPointer);
        TotalPointer = ParseOptional(request.HasTotalPointer ? request.TotalPointer : options.TotalPointer);
        TotalHeader = request.HasTotalHeader ? request.TotalHeader : options.TotalHeader;
        PageCountPointer = ParseOptional(
            request.HasPageCountPointer ? request.PageCountPointer : options.PageCountPointer);
        Sequential = request.HasSequential ? request.Sequential : options.Sequential;
    }

    public PaginationStyle Style { get; }

    public JsonPointer CursorPointer { get; }

    public string CursorParam { get; }

    public JsonPointer NextUrlPointer { get; }

    public string PageParam { get; }

    public int FirstPage { get; }

    public string OffsetParam { get; }

    public string LimitParam { get; }

    public int PageSize { get; }

    public JsonPointer? ItemsPointer { get; }

    public JsonPointer? TotalPointer { get; }

    public string? TotalHeader { get; }

    public JsonPointer? PageCountPointer { get; }

    public bool Sequential { get; }

    /// <summary>The query parameter that the style steps, for the styles that step one.</summary>
    public string StepParam => Style == PaginationStyle.Page ? PageParam : OffsetParam;

    public static PageRules Of(PaginationOptions options, Pagination? request) => new(options, request ?? new Pagination());

    private static JsonPointer? ParseOptional(string? pointer) => pointer is null ? null : JsonPointer.Parse(pointer);
}
