using System.ComponentModel.DataAnnotations;
using Batching.V1;

namespace Batching.Engine.Configuration;

/// <summary>
/// The way in which the pages of an upstream's collections follow each other, unless a request says otherwise. See the message
/// <c>Pagination</c> of the contract for what each style needs.
/// </summary>
public sealed class PaginationOptions
{
    /// <summary>
    /// Name of a set of pagination for an API or a family of them, such as <c>odata</c>: see <c>docs/spawners.md</c>. What is
    /// configured beside it wins. Unset: none.
    /// </summary>
    [AllowedPreset]
    public string? Preset { get; set; }

    internal const string DefaultCursorPointer = "/cursor";
    internal const string DefaultCursorParam = "cursor";
    internal const string DefaultNextUrlPointer = "/next";

    /// <summary>The way from one page to the next. <c>Auto</c>: whatever a page shows.</summary>
    [EnumDataType(typeof(PaginationStyle))]
    public PaginationStyle Style { get; set; } = PaginationStyle.Auto;

    /// <summary>Place of the cursor in a page, a JSON Pointer.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string CursorPointer { get; set; } = DefaultCursorPointer;

    /// <summary>Query parameter that carries the cursor.</summary>
    [Required]
    public string CursorParam { get; set; } = DefaultCursorParam;

    /// <summary>Header field of a page with the cursor. Unset: the cursor is in the page.</summary>
    public string? CursorHeader { get; set; }

    /// <summary>Place of the next URL in a page, a JSON Pointer.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string NextUrlPointer { get; set; } = DefaultNextUrlPointer;

    /// <summary>Query parameter that carries the number of a page.</summary>
    [Required]
    public string PageParam { get; set; } = "page";

    /// <summary>Number of the first page.</summary>
    [Range(0, 1)]
    public int FirstPage { get; set; } = 1;

    /// <summary>Query parameter that carries the offset.</summary>
    [Required]
    public string OffsetParam { get; set; } = "offset";

    /// <summary>
    /// Query parameter that carries the page size. Unset: <c>page_size</c> for numbered pages, else <c>limit</c>.
    /// </summary>
    public string? LimitParam { get; set; }

    /// <summary>Items that the gateway asks for in one page. A spawner may say otherwise.</summary>
    [Range(1, 1_000_000)]
    public int PageSize { get; set; } = 100;

    /// <summary>
    /// Most items that the gateway asks for in one page. If a spawner says more, its pages have this size. Unset: <see
    /// cref="PageSize"/>.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? MaxPageSize { get; set; }

    /// <summary>
    /// Place of the array of items in a page, a JSON Pointer. Unset: the body itself, else the first array among its
    /// members.
    /// </summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? ItemsPointer { get; set; }

    /// <summary>Place of the number of all items in a page, a JSON Pointer. Unset: a page does not tell it.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? TotalPointer { get; set; }

    /// <summary>Header field of a page with the number of all items. Unset: there is none.</summary>
    public string? TotalHeader { get; set; }

    /// <summary>Place of the number of all pages in a page, a JSON Pointer. Unset: a page does not tell it.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? PageCountPointer { get; set; }

    /// <summary>
    /// Whether pages are asked for one after the other even if the first one tells how many there are. If not, the others
    /// are then asked for side by side.
    /// </summary>
    public bool Sequential { get; set; }

    /// <summary>
    /// The part of the URL of a next page that is taken. <c>Strict</c>: all of it, and it has to lead to this upstream.
    /// <c>QueryOnly</c>: its query alone, for an API that writes another scheme, host or path than it is reached at.
    /// </summary>
    [EnumDataType(typeof(NextUrlTrust))]
    public NextUrlTrust NextUrlTrust { get; set; } = NextUrlTrust.Strict;

    /// <summary>
    /// Whether requests for pages tell the API where it is reached: <c>X-Forwarded-Host</c>, <c>X-Forwarded-Proto</c> and,
    /// where the base address has a path, <c>X-Forwarded-Prefix</c>. Many APIs write their next URLs by them. They should be
    /// off where the header fields of a request are signed.
    /// </summary>
    public bool ForwardedFields { get; set; } = true;

    /// <summary>The options that differ from the defaults, in the words of the contract.</summary>
    internal Pagination ToMessage()
    {
        var said = new Pagination { Style = Style == PaginationStyle.Auto ? PaginationStyle.Unspecified : Style };
        if (CursorPointer != DefaultCursorPointer)
        {
            said.CursorPointer = CursorPointer;
        }

        if (CursorParam != DefaultCursorParam)
        {
            said.CursorParam = CursorParam;
        }

        if (CursorHeader is not null)
        {
            said.CursorHeader = CursorHeader;
        }

        if (NextUrlPointer != DefaultNextUrlPointer)
        {
            said.NextUrlPointer = NextUrlPointer;
        }

        if (LimitParam is not null)
        {
            said.LimitParam = LimitParam;
        }

        if (ItemsPointer is not null)
        {
            said.ItemsPointer = ItemsPointer;
        }

        if (TotalPointer is not null)
        {
            said.TotalPointer = TotalPointer;
        }

        if (TotalHeader is not null)
        {
            said.TotalHeader = TotalHeader;
        }

        if (PageCountPointer is not null)
        {
            said.PageCountPointer = PageCountPointer;
        }

        return said;
    }

    private const string PointerPattern = "^(/.*)?$";
    private const string PointerMessage = "must be a JSON Pointer: empty, or beginning with a slash";
}
