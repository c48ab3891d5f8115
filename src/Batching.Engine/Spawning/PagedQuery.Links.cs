using System.IO.Hashing;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Spawning;

// What follows a page that shows the next one.
internal sealed partial class PagedQuery
{
    private PageOutcome NextLink(Request page, Route route, UpstreamReply reply, PageRoom room)
    {
        var fields = NextFields.Of(reply, _rules);
        var leading = FindLeading(fields);
        var body = ReadBody(reply, leading is not null);
        var reading = new PageReading(_rules.Pattern, body.Span, stackalloc PageValue[_rules.Pattern.Count]);
        if (FindNext(fields, leading, ref reading, body.IsEmpty) is not { } next)
        {
            return new PageOutcome([]);
        }

        var size = SizeOf(page, _rules);
        if (rows.Cap is not null && (reading.Items.Count ?? (next.Rule.IsLink ? 0 : null)) is { } count)
        {
            state.Correct(size, count);
        }

        if (IsRepeated(page, body.Span, fields, ref reading))
        {
            return Repeated(next.Text);
        }

        state.Rule = next.Rule;
        if (IsCapped)
        {
            return new PageOutcome([]);
        }

        var row = next.Rule.IsLink
            ? rows.AtPath(NextUrl.ToPath(route.Upstream, route.ToUri(), next.Text))
            : rows.AtCursor(SizeLeft(), next);
        if (_rules.Style == PaginationStyle.Auto)
        {
            // Nobody has said what to follow, so that the page says what was followed.
            row.Pagination = next.Rule.ToPagination();
        }

        var following = rows.ToPage(row);
        if (!router.TryRoute(following, out var nextRoute, out var problem))
        {
            throw new FormatException($"The path of the next page, {CallerText.Quote(following.Path)}, {problem.Message}.");
        }

        if (nextRoute.Upstream != route.Upstream)
        {
            throw new FormatException($"The next page {CallerText.Quote(next.Text)} is not at the upstream of this one.");
        }

        if (!state.HasAsked(following, next))
        {
            return new PageOutcome([SpawnNext(row, following, room)]);
        }

        // Many a feed of changes is at its end with an empty page that names itself.
        return new PageOutcome(CountItems(ref reading) == 0
            ? []
            : [End(row, Failure.PageCycle, $"The query has asked for {CallerText.Quote(next.Text)} before.")]);
    }

    // Where a header field leads on, the page may be anything.
    private ReadOnlyMemory<byte> ReadBody(UpstreamReply reply, bool mayBeAnything)
    {
        try
        {
            return PageBody.Read(reply, maxPageBytes);
        }
        catch (FormatException) when (mayBeAnything || LooksAtHeaderOnly)
        {
            return reply.Body;
        }
    }

    // An empty answer is the end of what there is.
    private NextPage? FindNext(in NextFields fields, NextRule? leading, ref PageReading page, bool isEmpty)
    {
        var wantsItems = rows.Cap is not null;
        if (leading is not null)
        {
            if (wantsItems)
            {
                CountItems(ref page);
            }

            return NextFinder.FindInHeader(_rules, fields, leading);
        }

        if (isEmpty)
        {
            // It may still have a header field that does not lead on by itself.
            foreach (var rule in _rules.Next.Followed)
            {
                if (rule.IsHeader && NextFinder.FindInHeader(_rules, fields, rule) is { } next)
                {
                    return next;
                }
            }

            return null;
        }

        try
        {
            return NextFinder.Find(_rules, fields, ref page, state.Rule, wantsItems);
        }
        catch (FormatException) when (LooksAtHeaderOnly && !page.IsRead)
        {
            // These pages may be anything.
            return null;
        }
    }

    // A page that came before, and what it shows of the next one with it, would only come again.
    private bool IsRepeated(Request page, ReadOnlySpan<byte> body, in NextFields fields, ref PageReading reading)
    {
        if (!state.TrySee(DigestOf(body, fields.Link ?? fields.Cursor)))
        {
            return CountItems(ref reading) > 0;
        }

        // The last page of a query with a cap is asked for fewer items, so that it would not be the same.
        return rows.Cap is not null && reading.Items is { Count: > 0 } items
            && !state.TrySeeItem(XxHash128.HashToUInt128(body[items.First]))
            && SizeOf(page, _rules) < _rules.PageSize;
    }

    private bool LooksAtHeaderOnly => _rules.Next.Followed is [{ IsHeader: true }] && _rules.MoreSlot < 0;

    // The header field that leads on, so that the page needn't be looked at: the first place of all, or the one that has led on
    // before.
    private NextRule? FindLeading(in NextFields fields)
    {
        foreach (var rule in (ReadOnlySpan<NextRule?>)[_rules.Next.Followed[0], state.Rule])
        {
            if (rule is { IsHeader: true } && _rules.MoreSlot < 0 && fields[rule] is { Length: > 0 })
            {
                return rule;
            }
        }

        return null;
    }

    // Null if they can't be counted.
    private static int? CountItems(ref PageReading page)
    {
        if (page.Items.Count is null)
        {
            try
            {
                page.Read(enough: -1, wantsItems: true);
            }
            catch (FormatException)
            {
                return null;
            }
        }

        return page.Items.Count;
    }
}
