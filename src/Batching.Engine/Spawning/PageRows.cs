using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;

namespace Batching.Engine.Spawning;

/// <summary>Makes what is stored of the pages of one query (<see cref="PageRow"/>).</summary>
/// <param name="spawner">The request that stands for the query.</param>
/// <param name="spawnerId">Its id.</param>
/// <param name="rules">How its pages follow each other.</param>
/// <param name="now">When what is spawned now was created.</param>
internal sealed class PageRows(Request spawner, string spawnerId, PageRules rules, Timestamp now)
{
    // A page size in the path is the caller's own: it is sent as it is there.
    private readonly bool _hasSizeInPath = PathQuery.Find(spawner.Path, rules.LimitParam) is not null
        || spawner.Query.Any(parameter => parameter.Name == rules.LimitParam);

    /// <summary>The items that the caller wants in all; null for every one.</summary>
    public long? Cap => rules.Style == PaginationStyle.Range ? null : PageParams.ReadInteger(spawner, rules.LimitParam);

    /// <summary>The number of items that a page asks for; null if its request does not tell.</summary>
    public static int? FindSize(Request page, PageRules rules) => rules.Style == PaginationStyle.Range
        ? ItemRange.Find(page)?.Count
        : (PageParams.ReadInteger(page, rules.LimitParam) ?? FindSizeInPath(page, rules.LimitParam)) is { } size
            ? (int)Math.Min(size, int.MaxValue)
            : null;

    /// <summary>The number or the offset of a page; 0 if its request does not tell.</summary>
    public static long StepOf(Request page, PageRules rules) => rules.Style == PaginationStyle.Range
        ? ItemRange.Find(page)?.First ?? 0
        : PageParams.ReadInteger(page, rules.StepParam) ?? 0;

    /// <summary>The page as it is sent.</summary>
    public Request ToPage(Request row) => PageRow.ToRequest(row, spawner);

    /// <summary>The first page.</summary>
    /// <param name="size">Items to ask for.</param>
    public Request First(int size)
    {
        if (rules.Style == PaginationStyle.Range)
        {
            return AtStep(size, 0);
        }

        var row = Create();

        // An API with links may know no page size: it is sent only if the caller gave one.
        if (!rules.HasLinks || Cap is not null)
        {
            SetSize(row, size);
        }

        if (rules.CursorBodyPointer is not null)
        {
            return row;
        }

        if (rules.Style is PaginationStyle.Cursor or PaginationStyle.Auto && !PageParams.Has(spawner, rules.CursorParam))
        {
            PageParams.Set(row, rules.CursorParam, null);
        }
        else if (rules.IsStepped && !PageParams.Has(spawner, rules.StepParam))
        {
            PageParams.Set(row, rules.StepParam, rules.Style == PaginationStyle.Page ? rules.FirstPage : 0);
        }

        return row;
    }

    /// <summary>The page that a cursor leads to.</summary>
    public Request AtCursor(int size, NextPage next)
    {
        var row = Create();
        SetSize(row, size);
        if (rules.CursorBodyPointer is { } pointer)
        {
            row.Body = BodyPointer.Find(spawner.Body.Span, pointer, next.Json!)?.Encode()
                ?? throw new FormatException($"The body has no place for the cursor at {CallerText.Quote(pointer.ToString())}.");
        }
        else
        {
            PageParams.Set(row, next.Rule.Param, next.Text);
        }

        return row;
    }

    /// <summary>The page of a number or at an offset.</summary>
    public Request AtStep(int size, long step)
    {
        var row = Create();
        if (rules.Style == PaginationStyle.Range)
        {
            new ItemRange(step, size).Write(row, rules.RangeUnit);
            return row;
        }

        SetSize(row, size);
        PageParams.Set(row, rules.StepParam, step);
        return row;
    }

    /// <summary>The page that a URL leads to.</summary>
    public Request AtPath(string path) => Create(path);

    /// <summary>A page that was sent, once more.</summary>
    public Request Again(Request page)
    {
        if (rules.Style == PaginationStyle.Range)
        {
            return AtStep(FindSize(page, rules) ?? rules.PageSize, StepOf(page, rules));
        }

        if (rules.CursorBodyPointer is null && page.Params is null && page.ParamsJson.Length == 0 && page.Query.Count == 0)
        {
            return Create(page.Path);
        }

        var row = Create();
        if (!page.Body.Equals(spawner.Body))
        {
            row.Body = new BodySplice(0, spawner.Body.Length, page.Body.Memory).Encode();
        }

        PageParams.Copy(page, row, rules.LimitParam);
        foreach (var param in rules.IsStepped ? [rules.StepParam] : rules.CursorParams)
        {
            PageParams.Copy(page, row, param);
        }

        return row;
    }

    private static long? FindSizeInPath(Request page, string name) => PageReading.ParseInteger(
        PathQuery.Find(page.Path, name) ?? page.Query.FirstOrDefault(parameter => parameter.Name == name)?.Value ?? "");

    private void SetSize(Request row, int size)
    {
        // A body has the page size of its own.
        if (!_hasSizeInPath && rules.CursorBodyPointer is null)
        {
            PageParams.Set(row, rules.LimitParam, size);
        }
    }

    private Request Create(string path = "") => PageRow.Create(spawner, spawnerId, now, path);
}
