using System.Globalization;
using Batching.Engine.Scheduling;
using Batching.Engine.Upstreams;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Spawning;

/// <summary>One paged query at one moment: what was asked for, and what comes next.</summary>
/// <param name="spawner">The request that stands for the query.</param>
/// <param name="spawnerId">Its id.</param>
/// <param name="maxPages">How many pages it may have.</param>
/// <param name="rules">How its pages follow each other.</param>
/// <param name="state">What was asked for so far; locked by the caller.</param>
/// <param name="router">Checks where pages go.</param>
/// <param name="now">When what is spawned now was created.</param>
/// <param name="maxPageBytes">Bytes that a page may have, decoded.</param>
internal sealed class PagedQuery(
    Request spawner,
    string spawnerId,
    int maxPages,
    PageRules rules,
    SpawnerState state,
    UpstreamRouter router,
    Timestamp now,
    int maxPageBytes)
{
    public SpawnerState State => state;

    // The items that the caller wants in all; null for every one.
    private long? Cap => PageParams.ReadInteger(spawner, rules.LimitParam);

    /// <summary>How many items a page asks for.</summary>
    public static int SizeOf(Request page, PageRules rules) =>
        (int)(PageParams.ReadInteger(page, rules.LimitParam) ?? rules.PageSize);

    /// <summary>The first page.</summary>
    public SpawnedRequest First()
    {
        var page = NewPage(spawner);
        switch (rules.Style)
        {
            case PaginationStyle.Cursor:
                SetSize(page, SizeLeft());
                if (!PageParams.Has(page, rules.CursorParam))
                {
                    PageParams.Set(page, rules.CursorParam, null);
                }

                break;
            case PaginationStyle.Page or PaginationStyle.Offset:
                SetSize(page, SizeLeft());
                if (!PageParams.Has(page, rules.StepParam))
                {
                    SetStep(page, rules.Style == PaginationStyle.Page ? rules.FirstPage : 0);
                }

                break;
            default:
                // An API with links may know no page size: it is sent only if the caller gave one.
                if (Cap is not null)
                {
                    SetSize(page, SizeLeft());
                }

                break;
        }

        return Spawn(page, runsAtOnce: true);
    }

    /// <summary>What follows a page.</summary>
    public IReadOnlyList<SpawnedRequest> Next(QueuedRequest page, UpstreamReply reply)
    {
        try
        {
            return rules.Style is PaginationStyle.Page or PaginationStyle.Offset
                ? NextSteps(page.Call.Request, reply)
                : NextLink(page, reply);
        }
        catch (FormatException exception)
        {
            return [End(NewPage(page.Call.Request), Failure.BadNextPage, exception.Message)];
        }
    }

    private List<SpawnedRequest> NextLink(QueuedRequest page, UpstreamReply reply)
    {
        var link = rules.Style switch
        {
            PaginationStyle.Link => LinkHeader.FindNext(ResponseHeaders.Find(reply.Headers.Span, "link"u8)),
            PaginationStyle.NextUrl => FindText(reply, rules.NextUrlPointer, "next URL"),
            _ => FindText(reply, rules.CursorPointer, "cursor"),
        };
        if (link is null || state.Asked >= Cap)
        {
            return [];
        }

        var next = rules.Style == PaginationStyle.Cursor
            ? NewPage(page.Call.Request)
            : NewPage(NextUrl.ToPath(page.Call.Route.Upstream, page.Call.Route.ToUri(), link));
        if (rules.Style == PaginationStyle.Cursor)
        {
            SetSize(next, SizeLeft());
            PageParams.Set(next, rules.CursorParam, link);
        }

        if (!router.TryRoute(next, out var route, out var problem))
        {
            throw new FormatException($"The path of the next page, '{next.Path}', {problem.Message}.");
        }

        if (route.Upstream != page.Call.Route.Upstream)
        {
            throw new FormatException($"The next page '{link}' is not at the upstream of this one.");
        }

        if (state.HasSeen(next))
        {
            return [End(next, Failure.PageCycle, $"The query has asked for '{link}' before.")];
        }

        return [SpawnWithinLimit(next, runsAtOnce: true)];
    }

    // An empty answer is the end of what there is.
    private string? FindText(UpstreamReply reply, JsonPointer pointer, string what)
    {
        var body = PageBody.Read(reply, maxPageBytes);
        return body.IsEmpty ? null : PageFacts.FindText(body.Span, pointer, what);
    }

    private List<SpawnedRequest> NextSteps(Request page, UpstreamReply reply)
    {
        var step = PageParams.ReadInteger(page, rules.StepParam) ?? 0;
        if (step < state.HighestStep || state.HasEnded || state.Asked >= Cap)
        {
            return [];
        }

        var body = PageBody.Read(reply, maxPageBytes);
        if (body.IsEmpty)
        {
            return [];
        }

        var size = SizeOf(page, rules);
        var count = PageFacts.CountItems(body.Span, rules.ItemsPointer);
        if (count == 0)
        {
            return [];
        }

        var total = rules.TotalPointer is { } pointer ? PageFacts.FindInteger(body.Span, pointer) : null;
        total ??= rules.TotalHeader is { } header ? PageFacts.FindInteger(reply, header) : null;
        var pageCount = rules is { Style: PaginationStyle.Page, PageCountPointer: { } countPointer }
            ? PageFacts.FindInteger(body.Span, countPointer)
            : null;
        if (total is null && pageCount is null)
        {
            return count < size ? [] : [SpawnWithinLimit(Step(page, step, size), runsAtOnce: true)];
        }

        // An API that gives fewer items than asked for, and isn't at its end with them, has pages of that size.
        if (state.PageItems is null && count < size && total is not null && total != ItemsBefore(step, size) + count)
        {
            state.PageItems = count;
        }

        size = state.PageItems ?? size;
        var left = StepsLeft(step, size, total, pageCount);
        return left == 0 ? []
            : left == 1 || rules.Sequential || state.Pages > 1
                ? [SpawnWithinLimit(Step(page, step, size), runsAtOnce: true)]
                : FanOut(page, step, size, left);
    }

    private long ItemsBefore(long step, int size) =>
        rules.Style == PaginationStyle.Offset ? step : (step - rules.FirstPage) * size;

    // Pages behind this one, as far as the totals go.
    private long StepsLeft(long step, int size, long? total, long? pageCount)
    {
        if (rules.Style == PaginationStyle.Offset)
        {
            return Math.Max(0, CeilingDivide((total ?? 0) - step - size, size));
        }

        var pages = pageCount ?? CeilingDivide(total!.Value, size);
        return Math.Max(0, rules.FirstPage + pages - 1 - step);
    }

    private List<SpawnedRequest> FanOut(Request page, long step, int size, long left)
    {
        var spawned = new List<SpawnedRequest>();
        for (; left > 0 && !(state.Asked >= Cap) && !state.HasEnded; left--)
        {
            var next = Step(page, step, size);
            step = PageParams.ReadInteger(next, rules.StepParam) ?? 0;
            spawned.Add(SpawnWithinLimit(next, runsAtOnce: false));
        }

        return spawned;
    }

    private Request Step(Request page, long step, int size)
    {
        var next = NewPage(page);
        if (rules.Style == PaginationStyle.Offset)
        {
            SetSize(next, (int)Math.Min(size, Cap - state.Asked ?? size));
            SetStep(next, step + size);
        }
        else
        {
            // The size of numbered pages never changes: it is what the numbers count.
            SetStep(next, step + 1);
        }

        return next;
    }

    private SpawnedRequest SpawnWithinLimit(Request page, bool runsAtOnce) => state.Pages < maxPages
        ? Spawn(page, runsAtOnce)
        : End(page, Failure.PageLimit, string.Create(
            CultureInfo.InvariantCulture, $"The query has more than {maxPages} pages. Go on with the params of this request."));

    private SpawnedRequest Spawn(Request page, bool runsAtOnce)
    {
        state.Add(page, SizeOf(page, rules));
        return new SpawnedRequest(page) { RunsAtOnce = runsAtOnce };
    }

    private SpawnedRequest End(Request page, Failure failure, string message)
    {
        state.HasEnded = true;
        return new SpawnedRequest(page, UpstreamReply.FromFailure(failure, message));
    }

    // A page like another one, which differs from it by the params that are set then.
    private Request NewPage(Request model)
    {
        var page = NewPage(model.Path);
        page.ParamsJson = model.ParamsJson;
        page.Query.Add(model.Query);
        if (model.Params is { } parameters)
        {
            page.Params = parameters.Clone();
        }
        else if (model.ParamsJson.Length == 0 && rules.Style is not (PaginationStyle.Link or PaginationStyle.NextUrl))
        {
            page.Params = new Struct();
        }

        return page;
    }

    private Request NewPage(string path)
    {
        var page = new Request
        {
            Path = path,
            Method = spawner.Method,
            SpawnedBy = spawnerId,
            CreateTime = now,
        };
        page.Headers.Add(spawner.Headers);
        return page;
    }

    private int SizeLeft() => (int)Math.Min(rules.PageSize, Cap - state.Asked ?? rules.PageSize);

    private void SetSize(Request page, int size) => PageParams.Set(page, rules.LimitParam, size);

    private void SetStep(Request page, long step) => PageParams.Set(page, rules.StepParam, step);

    private static long CeilingDivide(long number, long divisor) => (number / divisor) + (number % divisor > 0 ? 1 : 0);
}
