namespace Batching.SampleApi;

/// <summary>
/// The collection: <c>total</c> items, 25,000 unless the query says otherwise, the same ones at every
/// call. They are computed, not stored, in the order that <c>sort</c> names.
/// </summary>
internal sealed class Catalog
{
    public const int MaxCount = 1_000_000;

    private const long FirstChange = 1_767_225_600; // 2026-01-01T00:00:00Z
    private const int Run = 10;

    private readonly bool _byChange;
    private readonly bool _descending;

    public Catalog(QueryReader query)
    {
        Count = query.Number("total", 25_000, 0, MaxCount);
        var sort = query.Text("sort") ?? "id";
        _descending = sort.StartsWith('-');
        _byChange = sort.TrimStart('-') == "changed";
        if (sort is not ("id" or "-id" or "changed" or "-changed"))
        {
            query.Refuse("sort must be id or changed, with - in front for the opposite order");
        }
    }

    public int Count { get; }

    /// <summary>The items from place <paramref name="start"/> on; fewer, or none, at the end.</summary>
    public IReadOnlyList<Item> Slice(long start, int count)
    {
        var items = new List<Item>(count);
        for (var place = start; place < Math.Min(Count, start + count); place++)
        {
            var ascending = (int)(_descending ? Count - 1 - place : place);
            items.Add(At(_byChange ? Mirror(ascending) : ascending));
        }

        return items;
    }

    public Item? Find(int id) => id >= 1 && id <= Count ? At(id - 1) : null;

    private Item At(int index) => new(index + 1, $"Item {index + 1}", FirstChange + 60 * Mirror(index));

    /// <summary>
    /// The orders by id and by change have to differ, so every ten items in a row changed last to first.
    /// It is its own inverse: index to place and place to index.
    /// </summary>
    private int Mirror(int index)
    {
        var first = index - index % Run;
        var last = Math.Min(first + Run, Count) - 1;
        return first + last - index;
    }
}
