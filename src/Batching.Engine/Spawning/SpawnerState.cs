using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>
/// The progress of a query: what it has asked for so far. It follows from the requests it has spawned, so that it is made again from them
/// after a restart. Lock it to use it: pages that were asked for side by side end side by side.
/// </summary>
internal sealed class SpawnerState(PageRules rules)
{
    // A query may have a million pages, and a cursor thousands of characters: kept is half of the SHA-256 of each. That two
    // pages of a query share it is less likely than that the machine fails.
    private readonly HashSet<UInt128> _asked = [];

    // Digests of the pages that came. A restart forgets them: it may take one page more until a repetition is seen.
    private readonly HashSet<UInt128> _seen = [];
    private readonly HashSet<UInt128> _seenItems = [];

    /// <summary>The rules by which the pages of the query follow each other.</summary>
    public PageRules Rules => rules;

    /// <summary>The number of pages that were spawned.</summary>
    public int Pages { get; private set; }

    /// <summary>The number of items in the pages that came, and of those asked for in pages that did not yet.</summary>
    public long Items { get; private set; }

    /// <summary>The highest page number or offset among them; -1 without any.</summary>
    public long HighestStep { get; private set; } = -1;

    /// <summary>
    /// The number of pages that are still to be spawned of those that are asked for side by side: they come in groups, each with the
    /// result of the first page of the group before. Stored with that page (<see cref="Model.PageRow"/>).
    /// </summary>
    public int Left { get; set; }

    /// <summary>Whether the query has ended with a failure while pages of it may still be under way.</summary>
    public bool HasEnded { get; set; }

    /// <summary>
    /// The number of items that a page of this API really has, once its first page has shown that they are fewer than asked for; null
    /// before. Stored with the pages that follow.
    /// </summary>
    public int? PageItems { get; set; }

    /// <summary>The place that has led on before. A restart forgets it: then all places are looked at once more.</summary>
    public NextRule? Rule { get; set; }

    /// <summary>Counts a page.</summary>
    /// <param name="page">Its request.</param>
    /// <param name="size">How many items it asks for.</param>
    public void Add(Request page, int size)
    {
        Pages++;
        Items += ExpectedOf(size);
        if (rules.IsStepped)
        {
            if (!FillsGap(page))
            {
                HighestStep = Math.Max(HighestStep, PageRows.StepOf(page, rules));
            }

            return;
        }

        if (rules.CursorBodyPointer is not null)
        {
            _asked.Add(MarkOf(page.Body.Span));
            return;
        }

        if (rules.Style != PaginationStyle.Cursor)
        {
            _asked.Add(MarkOfTarget(page));
        }

        foreach (var param in rules.CursorParams)
        {
            if (PageParams.ReadText(page, param) is { } cursor)
            {
                _asked.Add(MarkOf(cursor));
            }
        }
    }

    /// <summary>
    /// Whether a page stands between others, for the items that the one before it did not have. Stored with it.
    /// </summary>
    public static bool FillsGap(Request page) => page.Pagination is { Sequential: true };

    /// <summary>Counts a page that was found in the store, and takes up what is stored with it.</summary>
    public void AddStored(Request page, int size)
    {
        var stored = page.Pagination ?? new Pagination();
        if (stored.HasPageSize)
        {
            Items = Pages == 1 ? stored.PageSize : Items;
            PageItems = stored.PageSize;
        }

        Items = stored.HasItemsBefore ? stored.ItemsBefore : Items;
        Left = stored.HasMaxPages ? stored.MaxPages : Left;

        // What fills a gap was counted with the page that has left it.
        Add(page, FillsGap(page) ? 0 : size);
    }

    /// <summary>Counts the items of a page that has come.</summary>
    /// <param name="asked">How many it has asked for.</param>
    /// <param name="count">How many it has.</param>
    public void Correct(int asked, int count) => Items += count - ExpectedOf(asked);

    /// <summary>Whether the query has asked for this very page.</summary>
    /// <param name="page">Its request.</param>
    /// <param name="next">What led to it.</param>
    public bool HasAsked(Request page, NextPage next) =>
        _asked.Contains(rules.CursorBodyPointer is not null ? MarkOf(page.Body.Span)
            : next.Rule.IsLink ? MarkOfTarget(page)
            : MarkOf(next.Text));

    /// <summary>Notes what a page is; false if one of the pages before was the same.</summary>
    /// <param name="digest">Of its bytes and of what it shows of the next one.</param>
    public bool TrySee(UInt128 digest) => _seen.Add(digest);

    /// <summary>The same for the first item of a page.</summary>
    public bool TrySeeItem(UInt128 digest) => _seenItems.Add(digest);

    private int ExpectedOf(int asked) => Math.Min(asked, PageItems ?? asked);

    private static UInt128 MarkOfTarget(Request page) => MarkOf(QueryParams.Append(page, "/" + page.Path.TrimStart('/')));

    private static UInt128 MarkOf(string text) => MarkOf(MemoryMarshal.AsBytes(text.AsSpan()));

    private static UInt128 MarkOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
