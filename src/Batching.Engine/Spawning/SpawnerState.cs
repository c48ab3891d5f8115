using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>
/// What a query has asked for so far. It follows from the requests it has spawned, so that it is made again from them
/// after a restart. Lock it to use it: pages that were asked for side by side end side by side.
/// </summary>
internal sealed class SpawnerState(PageRules rules)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>How many pages were spawned.</summary>
    public int Pages { get; private set; }

    /// <summary>How many items they ask for together.</summary>
    public long Asked { get; private set; }

    /// <summary>The highest page number or offset among them; -1 without any.</summary>
    public long HighestStep { get; private set; } = -1;

    /// <summary>Whether the query has ended with a failure while pages of it may still be under way.</summary>
    public bool HasEnded { get; set; }

    /// <summary>
    /// How many items a page of this API really has, once a page has shown that they are fewer than asked for; null
    /// before. Forgotten by a restart, which may cost the query one empty page at its end.
    /// </summary>
    public int? PageItems { get; set; }

    /// <summary>Counts a page.</summary>
    /// <param name="page">Its request.</param>
    /// <param name="size">How many items it asks for.</param>
    public void Add(Request page, int size)
    {
        Pages++;
        Asked += size;
        if (rules.Style is PaginationStyle.Page or PaginationStyle.Offset)
        {
            HighestStep = Math.Max(HighestStep, PageParams.ReadInteger(page, rules.StepParam) ?? 0);
        }
        else
        {
            _seen.Add(MarkOf(page));
        }
    }

    /// <summary>Whether the query has asked for this very page.</summary>
    public bool HasSeen(Request page) => _seen.Contains(MarkOf(page));

    private string MarkOf(Request page) => rules.Style == PaginationStyle.Cursor
        ? PageParams.ReadText(page, rules.CursorParam) ?? ""
        : QueryParams.Append(page, page.Path.TrimStart('/'));
}
