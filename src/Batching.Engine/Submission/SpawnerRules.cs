using System.Globalization;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Spawning;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>Checks what a caller asks of a spawner.</summary>
internal static class SpawnerRules
{
    public static void Validate(
        Request request, PaginationOptions upstream, LimitOptions limits, string field, List<Problem> problems)
    {
        if (!request.Spawner)
        {
            problems.Add(new Problem($"{field}.pagination", "belongs to a spawner: set spawner"));
            return;
        }

        if (request.Pagination is { } pagination)
        {
            Validate(pagination, limits, $"{field}.pagination", problems);
        }

        var rules = PageRules.Of(upstream, request.Pagination);
        ValidateMethod(request, rules, field, problems);
        var limitParam = rules.LimitParam;
        if (PageParams.Has(request, limitParam) && PageParams.ReadInteger(request, limitParam) is null or 0)
        {
            problems.Add(new Problem(
                $"{field}.params[{limitParam}]", "must be a whole number from 1: it caps the whole query of a spawner"));
        }

        if (rules is { IsStepped: true, Style: not PaginationStyle.Range } && PageParams.Has(request, rules.StepParam) && PageParams.ReadInteger(request, rules.StepParam) is null)
        {
            problems.Add(new Problem(
                $"{field}.params[{rules.StepParam}]", "must be a whole number from 0: the query begins there"));
        }

        // Beside the ones that change from page to page they would say something else, and many an API believes the first.
        foreach (var name in ParamsOf(rules))
        {
            RefuseInPath(request, name, field, problems);
        }

        if (PageParams.Has(request, limitParam))
        {
            RefuseInPath(request, limitParam, field, problems);
        }
    }

    private static IEnumerable<string> ParamsOf(PageRules rules) => rules switch
    {
        { Style: PaginationStyle.Range } or { CursorBodyPointer: not null } => [],
        { IsStepped: true } => [rules.StepParam],
        _ => rules.CursorParams,
    };

    private static void ValidateMethod(Request request, PageRules rules, string field, List<Problem> problems)
    {
        var method = Methods.Find(request.Method);
        if (method is not null && method != HttpMethod.Get && (method != HttpMethod.Post || !rules.Safe))
        {
            problems.Add(new Problem($"{field}.spawner", "works with GET, and with POST where pagination.safe says that it is safe"));
        }

        if (request.Body.Length > 0 && method != HttpMethod.Post)
        {
            problems.Add(new Problem($"{field}.body", "can only be sent with a spawner that is a POST"));
        }
        else if (rules.CursorBodyPointer is { } pointer && method == HttpMethod.Post
            && BodyPointer.Find(request.Body.Span, pointer, "null") is null)
        {
            problems.Add(new Problem($"{field}.body", "must be JSON, with objects down to the place of the cursor"));
        }

        if (rules.CursorBodyPointer is not null && method == HttpMethod.Get)
        {
            problems.Add(new Problem($"{field}.pagination.cursor_target", "needs a request with a body: POST"));
        }
    }

    private static void RefuseInPath(Request request, string name, string field, List<Problem> problems)
    {
        if (PathQuery.Find(request.Path, name) is not null)
        {
            problems.Add(new Problem(
                $"{field}.path", $"has {CallerText.Quote(name)} in its query, which the gateway sends with each page: give it in params"));
        }

        if (request.Query.Any(parameter => parameter.Name == name))
        {
            problems.Add(new Problem(
                $"{field}.query", $"has {CallerText.Quote(name)}, which the gateway sends with each page: give it in params"));
        }
    }

    private static void Validate(Pagination pagination, LimitOptions limits, string field, List<Problem> problems)
    {
        if (!Enum.IsDefined(pagination.Style))
        {
            Add("style", "is not one that is known");
        }

        if (pagination.Preset.Length > 0 && PaginationPresets.Find(pagination.Preset) is null)
        {
            Add("preset", $"must be one of {string.Join(", ", PaginationPresets.Names)}");
        }

        if (!Enum.IsDefined(pagination.CursorTarget))
        {
            Add("cursor_target", "is not one that is known");
        }

        if (!Enum.IsDefined(pagination.CursorTransform))
        {
            Add("cursor_transform", "is not one that is known");
        }

        if (pagination is { CursorTarget: CursorTarget.Body, HasCursorBodyPointer: false, Preset: "" })
        {
            Add("cursor_body_pointer", "is required where the body carries the cursor");
        }

        if (pagination is { HasRangeUnit: true } && pagination.RangeUnit.Length > 0 && !HeaderRules.IsFieldName(pagination.RangeUnit))
        {
            Add("range_unit", "must be a token, or empty");
        }

        if (pagination is { HasCursorHeader: true, CursorHeader.Length: > 0 } && !HeaderRules.IsFieldName(pagination.CursorHeader))
        {
            Add("cursor_header", "must be the name of a header field");
        }

        CheckPointer("cursor_body_pointer", pagination.HasCursorBodyPointer ? pagination.CursorBodyPointer : null);
        CheckPointer("last_item_pointer", pagination.HasLastItemPointer ? pagination.LastItemPointer : null);
        CheckPointer("more_pointer", pagination.HasMorePointer ? pagination.MorePointer : null);
        CheckPointer("cursor_pointer", pagination.HasCursorPointer ? pagination.CursorPointer : null);
        CheckPointer("next_url_pointer", pagination.HasNextUrlPointer ? pagination.NextUrlPointer : null);
        CheckPointer("items_pointer", pagination.HasItemsPointer ? pagination.ItemsPointer : null);
        CheckPointer("total_pointer", pagination.HasTotalPointer ? pagination.TotalPointer : null);
        CheckPointer("page_count_pointer", pagination.HasPageCountPointer ? pagination.PageCountPointer : null);
        CheckName("cursor_param", pagination.HasCursorParam ? pagination.CursorParam : null);
        CheckName("page_param", pagination.HasPageParam ? pagination.PageParam : null);
        CheckName("offset_param", pagination.HasOffsetParam ? pagination.OffsetParam : null);
        CheckName("limit_param", pagination.HasLimitParam ? pagination.LimitParam : null);
        CheckName("cursor_header", pagination.HasCursorHeader ? pagination.CursorHeader : null);
        CheckName("total_header", pagination.HasTotalHeader ? pagination.TotalHeader : null);
        CheckRange("first_page", pagination.HasFirstPage ? pagination.FirstPage : null, 0, 1);
        // More than there is in a page is no error (https://google.aip.dev/158): such a query has more pages.
        if (pagination is { HasPageSize: true, PageSize: < 1 })
        {
            Add("page_size", "must be at least 1");
        }

        CheckRange("max_pages", pagination.HasMaxPages ? pagination.MaxPages : null, 1, limits.PagesPerSpawner);

        void CheckPointer(string name, string? pointer)
        {
            if (pointer?.Length > limits.PathLength)
            {
                Add(name, TooLong());
            }
            else if (pointer is not null && !JsonPointer.IsValid(pointer))
            {
                Add(name, "must be a JSON Pointer: empty, or beginning with a slash");
            }
        }

        void CheckName(string name, string? value)
        {
            if (value?.Length > limits.PathLength)
            {
                Add(name, TooLong());
            }
            else if (value is { Length: 0 })
            {
                Add(name, "must not be empty");
            }
        }

        void CheckRange(string name, int? value, int from, int to)
        {
            if (value < from || value > to)
            {
                Add(name, string.Create(CultureInfo.InvariantCulture, $"must be {from} to {to}"));
            }
        }

        string TooLong() => string.Create(CultureInfo.InvariantCulture, $"is longer than {limits.PathLength} characters");

        void Add(string name, string message) => problems.Add(new Problem($"{field}.{name}", message));
    }
}
