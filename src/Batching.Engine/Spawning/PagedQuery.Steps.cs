using System.Globalization;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.V1;

namespace Batching.Engine.Spawning;

// What follows a page that has a number, begins at an offset, or is a range.
internal sealed partial class PagedQuery
{
    private PageOutcome NextSteps(Request page, UpstreamReply reply, PageRoom room)
    {
        var body = PageBody.Read(reply, maxPageBytes);
        if (body.IsEmpty)
        {
            return new PageOutcome([]);
        }

        var reading = new PageReading(_rules.Pattern, body.Span, stackalloc PageValue[_rules.Pattern.Count]);
        if (_rules.Style == PaginationStyle.Page && rows.Cap is null && IsBehind(page))
        {
            // Nothing depends on how many items it has, so that they are counted only to know whether it has any.
            return state.TrySee(DigestOf(body.Span, null)) || CountItems(ref reading) is null or 0
                ? new PageOutcome([])
                : Repeated(PlaceOf(page));
        }

        reading.Read(enough: -1, wantsItems: true);
        var count = reading.CountItems();
        var size = SizeOf(page, _rules);
        state.Correct(size, count);
        if (count == 0)
        {
            return new PageOutcome([]);
        }

        if (!state.TrySee(DigestOf(body.Span, null)))
        {
            return Repeated(PlaceOf(page));
        }

        if (state.HasEnded || IsCapped)
        {
            return new PageOutcome([]);
        }

        if (count > size && PageRows.FindSize(page, _rules) is not null)
        {
            throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"The page has {count} items, though {size} were asked for: the API does not heed '{(_rules.Style == PaginationStyle.Range ? "Range" : _rules.LimitParam)}'."));
        }

        var step = StepOf(page);
        var before = _rules.CountsItems ? step : (step - _rules.FirstPage) * (state.PageItems ?? size);
        return new PageOutcome(NextSteps(page, new StepFacts(_rules, reading, reply, step, before, size, count), room));
    }

    private List<SpawnedRequest> NextSteps(Request page, StepFacts facts, PageRoom room)
    {
        if (IsBehind(page))
        {
            // Offsets leave a gap where a page has fewer items than they count on.
            return _rules.CountsItems && facts.IsShort && facts.SaysMore
                ? [SpawnGap(page, facts, room)]
                : [];
        }

        // An API that gives fewer items than asked for, and isn't at its end with them, has pages of that size.
        if (facts.IsEnd)
        {
            return [];
        }

        var isFirst = state.Pages == 1;
        if (isFirst && facts.IsShort)
        {
            if (facts.IsWhole)
            {
                return [];
            }

            state.PageItems = facts.Count;
        }

        if (!isFirst && facts.Count < (state.PageItems ?? facts.Size) && !facts.SaysMore && !facts.ShowsNext)
        {
            return [];
        }

        var left = isFirst && !_rules.Sequential ? facts.PagesLeft(state.PageItems ?? facts.Size) : 0;
        if (left <= 1)
        {
            return [SpawnStep(page, state.PageItems ?? facts.Size, facts.NextStep, room)];
        }

        // One more than there may be ends the query with what is to be said of it.
        state.Left = (int)Math.Min(left, maxPages - state.Pages + 1L);
        return FanOut(page, facts.Step, room);
    }

    // The next group of pages. Its first one brings the group after it, and is sent when those before it are under way.
    private List<SpawnedRequest> FanOut(Request page, long step, PageRoom room)
    {
        var spawned = new List<SpawnedRequest>();
        var size = state.PageItems ?? SizeOf(page, _rules);
        var stride = _rules.CountsItems ? size : 1;
        long bytes = 0;
        while (state.Left > 0 && spawned.Count < room.Pages && bytes < RequestWindow.MaxBytes)
        {
            if (IsCapped)
            {
                state.Left = 0;
                break;
            }

            var row = Step(page, size, step += stride);
            if (spawned.Count == 0)
            {
                row.Pagination ??= new Pagination();
                row.Pagination.MaxPages = state.Left;
            }

            var next = SpawnWithin(row, row, room);
            spawned.Add(next);
            bytes += next.StoredBytes;
            state.Left = state.HasEnded ? 0 : state.Left - 1;
        }

        if (spawned is [{ Row.Pagination: { } more }, ..])
        {
            more.MaxPages = state.Left;
        }

        return spawned;
    }

    private SpawnedRequest SpawnStep(Request page, int size, long step, PageRoom room)
    {
        var row = Step(page, size, step);
        return SpawnNext(row, rows.ToPage(row), room);
    }

    private SpawnedRequest SpawnGap(Request page, StepFacts facts, PageRoom room)
    {
        var row = Step(page, facts.Size - facts.Count, facts.NextStep);
        row.Pagination ??= new Pagination();
        row.Pagination.Sequential = true;
        return SpawnOne(row, rows.ToPage(row), room);
    }

    private Request Step(Request page, int size, long step)
    {
        // The size of numbered pages never changes: it is what the numbers count.
        var row = rows.AtStep(
            _rules.Style == PaginationStyle.Page ? SizeOf(page, _rules) : (int)Math.Min(size, ItemsLeft ?? size), step);
        if (state.PageItems is { } items)
        {
            row.Pagination = new Pagination { PageSize = items };
        }

        return row;
    }

    private string PlaceOf(Request page) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(_rules.Style == PaginationStyle.Range ? _rules.RangeUnit : _rules.StepParam)}={StepOf(page)}");

    private long StepOf(Request page) => PageRows.StepOf(page, _rules);

    // Others are under way, or will be, whatever this one shows.
    private bool IsBehind(Request page) =>
        state.Left > 0 || SpawnerState.FillsGap(page) || StepOf(page) < state.HighestStep;
}
