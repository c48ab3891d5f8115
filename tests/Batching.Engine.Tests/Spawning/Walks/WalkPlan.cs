using Batching.V1;

namespace Batching.Engine.Tests.Spawning.Walks;

/// <summary>One generated walk: an API, and what a caller asks of it.</summary>
internal sealed record WalkPlan
{
    private static readonly Lie[] OfSteps =
        [Lie.None, Lie.TotalTooHigh, Lie.TotalTooLow, Lie.HiddenCap, Lie.NextNeverEnds, Lie.IgnoresParams, Lie.ShortPages];

    private static readonly Lie[] OfTokens =
    [
        Lie.None, Lie.HiddenCap, Lie.EmptyLastPage, Lie.RepeatedCursor, Lie.RepeatedCursorWhenEmpty, Lie.NextLeadsToTheFirst,
        Lie.NextNeverEnds, Lie.IgnoresParams, Lie.ShortPages,
    ];

    public required PaginationStyle Style { get; init; }

    /// <summary>How the page shows the next one, where the style leaves it open.</summary>
    public required PageForm Form { get; init; }

    public required Lie Lie { get; init; }

    /// <summary>Items that there are.</summary>
    public required int Total { get; init; }

    /// <summary>The total that pages tell; null for none.</summary>
    public required int? Told { get; init; }

    /// <summary>Items that a page is asked for.</summary>
    public required int PageSize { get; init; }

    /// <summary>Items that a page has at most.</summary>
    public required int MostPerPage { get; init; }

    /// <summary>Items that the caller wants in all; null for every one.</summary>
    public required int? Cap { get; init; }

    public required bool Sequential { get; init; }

    /// <summary>Whether the gateway is started again in the middle.</summary>
    public required bool Restarts { get; init; }

    public bool IsStepped => Style is PaginationStyle.Page or PaginationStyle.Offset;

    public static WalkPlan Create(Random random)
    {
        PaginationStyle[] styles =
        [
            PaginationStyle.Cursor, PaginationStyle.Link, PaginationStyle.NextUrl, PaginationStyle.Page, PaginationStyle.Offset,
            PaginationStyle.Auto,
        ];
        var style = styles[random.Next(styles.Length)];
        var lies = style is PaginationStyle.Page or PaginationStyle.Offset ? OfSteps : OfTokens;
        var lie = style == PaginationStyle.Page && random.Next(8) == 0 ? Lie.ClampsPages : lies[random.Next(lies.Length)];
        var total = random.Next(4) == 0 ? random.Next(5) : random.Next(80);
        var size = random.Next(4) == 0 ? 1 + random.Next(4) : 4 + random.Next(30);
        if (lie == Lie.IgnoresParams)
        {
            // A list that is longer than a page, or as long.
            total = size + random.Next(40);
        }

        return new WalkPlan
        {
            Style = style,
            Form = style switch
            {
                PaginationStyle.Cursor => PageForm.Cursor,
                PaginationStyle.Link => PageForm.Link,
                PaginationStyle.NextUrl => PageForm.Next,
                PaginationStyle.Auto => (PageForm)random.Next((int)PageForm.Auto),
                _ => PageForm.Plain,
            },
            Lie = lie,
            Total = total,
            Told = lie switch
            {
                Lie.TotalTooHigh => total + 1 + random.Next(60),
                Lie.TotalTooLow => random.Next(Math.Max(1, total)),
                _ => random.Next(2) == 0 ? total : null,
            },
            PageSize = size,
            MostPerPage = lie == Lie.HiddenCap ? 1 + random.Next(size) : int.MaxValue,
            Cap = random.Next(4) == 0 ? 1 + random.Next(100) : null,
            Sequential = random.Next(2) == 0,
            Restarts = random.Next(4) == 0,
        };
    }
}
