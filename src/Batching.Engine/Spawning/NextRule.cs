using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>One place where a page may show the next one.</summary>
/// <param name="Kind">What stands there.</param>
/// <param name="Name">The place, as messages name it: a JSON Pointer, or the name of the header field.</param>
/// <param name="Param">The query parameter that carries a cursor.</param>
/// <param name="Slot">The value's number in the pattern; -1 for a header field.</param>
/// <param name="HrefSlot">That of its <c>href</c>; -1 for what can have none.</param>
internal sealed record NextRule(NextKind Kind, string Name, string Param = "", int Slot = -1, int HrefSlot = -1)
{
    /// <summary>Whether the page names the whole path of the next one.</summary>
    public bool IsLink => Kind is NextKind.LinkHeader or NextKind.Url;

    /// <summary>Whether it stands in front of the page, which then may be anything.</summary>
    public bool IsHeader => Kind is NextKind.LinkHeader or NextKind.CursorHeader;

    /// <summary>The pagination that looks at this place alone.</summary>
    public Pagination ToPagination() => Kind switch
    {
        NextKind.LinkHeader => new Pagination { Style = PaginationStyle.Link },
        NextKind.Url => new Pagination { Style = PaginationStyle.NextUrl, NextUrlPointer = Name },
        NextKind.CursorHeader => new Pagination { Style = PaginationStyle.Cursor, CursorHeader = Name, CursorParam = Param },
        _ => new Pagination { Style = PaginationStyle.Cursor, CursorPointer = Name, CursorParam = Param },
    };
}
