namespace Batching.Engine.Dependencies;

/// <summary>A list of numbers that is never copied as it grows. Not thread-safe.</summary>
internal sealed class PagedInts
{
    private const int PageSize = 4096;
    private const int FirstSize = 64;

    private readonly List<int[]> _pages = [];

    /// <summary>The number of numbers.</summary>
    public int Count { get; private set; }

    /// <summary>The number at a place.</summary>
    public int this[int place] => _pages[place / PageSize][place % PageSize];

    /// <summary>Adds a number behind the others.</summary>
    public void Add(int number)
    {
        if (Count % PageSize == 0)
        {
            _pages.Add(new int[Count == 0 ? FirstSize : PageSize]);
        }
        else if (Count == _pages[0].Length && Count < PageSize)
        {
            var first = _pages[0];
            Array.Resize(ref first, 2 * Count);
            _pages[0] = first;
        }

        _pages[^1][Count++ % PageSize] = number;
    }
}
