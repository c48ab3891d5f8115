using System.ComponentModel.DataAnnotations;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>
/// How the pages of an upstream's collections follow each other, unless a request says otherwise. See the message
/// <c>Pagination</c> of the contract for what each style needs.
/// </summary>
public sealed class PaginationOptions
{
    /// <summary><c>Cursor</c> (default), <c>Link</c>, <c>NextUrl</c>, <c>Page</c> or <c>Offset</c>.</summary>
    [EnumDataType(typeof(PaginationStyle))]
    public PaginationStyle Style { get; set; } = PaginationStyle.Cursor;

    /// <summary>Where the cursor is in a page, a JSON Pointer. Default <c>/cursor</c>.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string CursorPointer { get; set; } = "/cursor";

    /// <summary>The query parameter that carries the cursor. Default <c>cursor</c>.</summary>
    [Required]
    public string CursorParam { get; set; } = "cursor";

    /// <summary>Where the next URL is in a page, a JSON Pointer. Default <c>/next</c>.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string NextUrlPointer { get; set; } = "/next";

    /// <summary>The query parameter that carries the number of a page. Default <c>page</c>.</summary>
    [Required]
    public string PageParam { get; set; } = "page";

    /// <summary>The number of the first page, 0 or 1. Default 1.</summary>
    [Range(0, 1)]
    public int FirstPage { get; set; } = 1;

    /// <summary>The query parameter that carries the offset. Default <c>offset</c>.</summary>
    [Required]
    public string OffsetParam { get; set; } = "offset";

    /// <summary>
    /// The query parameter that carries the page size. Default null: <c>page_size</c> for numbered pages, else
    /// <c>limit</c>.
    /// </summary>
    public string? LimitParam { get; set; }

    /// <summary>Items to ask for in a page unless a request asks for fewer. 1 to 1,000,000; default 100.</summary>
    [Range(1, 1_000_000)]
    public int PageSize { get; set; } = 100;

    /// <summary>
    /// Items that a request may ask for in a page, 1 to 1,000,000. Default null: as many as <see cref="PageSize"/>.
    /// </summary>
    [Range(1, 1_000_000)]
    public int? MaxPageSize { get; set; }

    /// <summary>
    /// Where the array of items is in a page, a JSON Pointer. Default null: the body itself, else the first array among
    /// its members.
    /// </summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? ItemsPointer { get; set; }

    /// <summary>Where a page tells how many items there are in all, a JSON Pointer. Default null: nowhere.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? TotalPointer { get; set; }

    /// <summary>The header field that tells how many items there are in all. Default null: none.</summary>
    public string? TotalHeader { get; set; }

    /// <summary>Where a page tells how many pages there are in all, a JSON Pointer. Default null: nowhere.</summary>
    [RegularExpression(PointerPattern, ErrorMessage = PointerMessage)]
    public string? PageCountPointer { get; set; }

    /// <summary>
    /// Asks for one page after the other even where the first one tells how many there are. Default false: the others
    /// are then asked for side by side.
    /// </summary>
    public bool Sequential { get; set; }

    private const string PointerPattern = "^(/.*)?$";
    private const string PointerMessage = "must be a JSON Pointer: empty, or beginning with a slash";
}
