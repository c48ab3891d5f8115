using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Spawning;

/// <summary>One paged query at one moment: what was asked for, and what comes next.</summary>
/// <param name="rows">Makes what is stored of its pages.</param>
/// <param name="maxPages">How many pages it may have.</param>
/// <param name="state">What was asked for so far; locked by the caller.</param>
/// <param name="router">Checks where pages go.</param>
/// <param name="maxPageBytes">Bytes that a page may have, decoded.</param>
internal sealed partial class PagedQuery(
    PageRows rows, int maxPages, SpawnerState state, UpstreamRouter router, int maxPageBytes)
{
    // A commit, and what waits for it in memory, is no larger for a query of very many pages.
    private const int MaxGroupPages = RequestWindow.MaxCount;

    private readonly PageRules _rules = state.Rules;

    public SpawnerState State => state;

    private bool IsCapped => state.Items >= rows.Cap;

    /// <summary>The number of items that a page asks for.</summary>
    public static int SizeOf(Request page, PageRules rules) => PageRows.FindSize(page, rules) ?? rules.PageSize;

    /// <summary>The number of pages that may follow a page: more than 1 where they may be asked for side by side.</summary>
    public int MostNext(Request page) =>
        BringsGroup(page) || (state.Pages == 1 && _rules is { IsStepped: true, Sequential: false }) ? MaxGroupPages : 1;

    /// <summary>The first page.</summary>
    public SpawnedRequest First(PageRoom room)
    {
        var row = rows.First(SizeLeft());
        return SpawnOne(row, rows.ToPage(row), room);
    }

    /// <summary>Makes what follows a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="route">Where it was sent.</param>
    /// <param name="reply">The API's answer.</param>
    /// <param name="room">How much may follow.</param>
    public PageOutcome Next(Request page, Route route, UpstreamReply reply, PageRoom room)
    {
        // Whatever came of the page: the others of its group don't depend on it.
        var group = BringsGroup(page) ? FanOut(page, state.HighestStep, room) : [];
        if (!reply.IsSuccess)
        {
            // A page that failed ends its chain; its own result shows why.
            return new PageOutcome(group);
        }

        PageOutcome outcome;
        try
        {
            outcome = _rules.IsStepped ? NextSteps(page, reply, room) : NextLink(page, route, reply, room);
        }
        catch (FormatException exception)
        {
            outcome = new PageOutcome(
                state.HasEnded ? [] : [End(rows.Again(page), Failure.BadNextPage, exception.Message)]);
        }

        return group.Count == 0 ? outcome : outcome with { Requests = [.. group, .. outcome.Requests] };
    }

    /// <summary>Counts the items of a page; null if they can't be counted.</summary>
    /// <param name="body">The page, in UTF-8.</param>
    public int? CountItems(ReadOnlySpan<byte> body)
    {
        var reading = new PageReading(_rules.Pattern, body, stackalloc PageValue[_rules.Pattern.Count]);
        return CountItems(ref reading);
    }

    // A page that is sent at once, when those before it have come.
    private SpawnedRequest SpawnNext(Request row, Request page, PageRoom room)
    {
        if (rows.Cap is not null)
        {
            row.Pagination ??= new Pagination();
            row.Pagination.ItemsBefore = state.Items;
        }

        return SpawnOne(row, page, room);
    }

    private SpawnedRequest SpawnOne(Request row, Request page, PageRoom room)
    {
        var spawned = SpawnWithin(row, page, room);
        return spawned.End is null ? spawned with { Definition = page } : spawned;
    }

    private SpawnedRequest SpawnWithin(Request row, Request page, PageRoom room)
    {
        if (room.Refusal is { } refusal)
        {
            return End(row, Failure.PageLimit, $"{refusal} Go on with the params of this request.");
        }

        if (state.Pages >= maxPages)
        {
            return End(row, Failure.PageLimit, string.Create(
                CultureInfo.InvariantCulture, $"The query has more than {maxPages} pages. Go on with the params of this request."));
        }

        state.Add(page, SizeOf(page, _rules));
        return new SpawnedRequest(row);
    }

    private SpawnedRequest End(Request row, Failure failure, string message)
    {
        state.HasEnded = true;
        return new SpawnedRequest(row, UpstreamReply.FromFailure(failure, message));
    }

    // Its items are the caller's already, so that the page is not given once more.
    private PageOutcome Repeated(string next)
    {
        state.HasEnded = true;
        return new PageOutcome([], UpstreamReply.FromFailure(
            Failure.PageCycle, $"The page is one that the query had before. Its place: {CallerText.Quote(next)}."));
    }

    private long? ItemsLeft => rows.Cap - state.Items;

    private int SizeLeft() => (int)Math.Min(_rules.PageSize, ItemsLeft ?? _rules.PageSize);

    private bool BringsGroup(Request page) =>
        state is { Left: > 0, HasEnded: false } && page.Pagination is { HasMaxPages: true };

    private static UInt128 DigestOf(ReadOnlySpan<byte> body, string? next) => XxHash128.HashToUInt128(
        body, next is null ? 0 : (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(next.AsSpan())));
}
