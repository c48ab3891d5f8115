using System.Text;
using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>Facts that a numbered page, or one that begins at an offset, tells about those behind it.</summary>
internal readonly record struct StepFacts
{
    private readonly long _before;
    private readonly bool _isOffset;
    private readonly int _firstPage;
    private readonly long? _total;
    private readonly long? _pageCount;

    public StepFacts(PageRules rules, in PageReading page, UpstreamReply reply, long step, long before, int size, int count)
    {
        _before = before;
        Step = step;
        Size = size;
        Count = count;
        _isOffset = rules.CountsItems;
        _firstPage = rules.FirstPage;
        _total = rules.TotalSlot >= 0 ? page.FindInteger(rules.TotalSlot) : null;
        _total ??= rules.TotalHeader is { } header
            ? PageReading.ParseInteger(ResponseHeaders.Find(reply.Headers.Span, Encoding.ASCII.GetBytes(header.ToLowerInvariant())))
            : null;
        if (rules.Style == PaginationStyle.Range)
        {
            // Who does not know ranges gives everything (RFC 9110, section 14.2), and who does says what there is.
            var contentRange = ResponseHeaders.Find(reply.Headers.Span, "content-range"u8);
            _total = ItemRange.FindTotal(contentRange);
            IsEnd = contentRange.Length == 0 || _total <= before + count;
        }

        _pageCount = rules.PageCountSlot >= 0 ? page.FindInteger(rules.PageCountSlot) : null;
        ShowsNext = NextFinder.FindShown(rules, NextFields.Of(reply, rules), page) is not null;
    }

    /// <summary>The number or the offset of the page.</summary>
    public long Step { get; }

    /// <summary>The number of items it has asked for.</summary>
    public int Size { get; }

    /// <summary>The number of items it has.</summary>
    public int Count { get; }

    /// <summary>Whether it shows a next one as other styles do.</summary>
    public bool ShowsNext { get; }

    /// <summary>Whether there is nothing behind it, whatever its size is.</summary>
    public bool IsEnd { get; }

    public bool IsShort => Count < Size;

    /// <summary>Whether the totals say that there are items behind it.</summary>
    public bool SaysMore => _pageCount > Step + 1 - _firstPage || _total > _before + Count;

    /// <summary>Whether a first page is short because it has all that there is.</summary>
    public bool IsWhole => !SaysMore && !ShowsNext && (_total is not null || _pageCount is not null);

    /// <summary>The number or offset of the page behind it.</summary>
    public long NextStep => Step + (_isOffset ? Count : 1);

    /// <summary>Pages behind it, as far as the totals go.</summary>
    /// <param name="size">Items that pages have.</param>
    public long PagesLeft(int size)
    {
        if (_isOffset)
        {
            return Math.Max(0, CeilingDivide((_total ?? 0) - Step - size, size));
        }

        var pages = _pageCount ?? (_total is { } total ? CeilingDivide(total, size) : 0);
        return Math.Max(0, _firstPage + pages - 1 - Step);
    }

    private static long CeilingDivide(long number, long divisor) => (number / divisor) + (number % divisor > 0 ? 1 : 0);
}
