using System.Globalization;
using Batching.Engine.Spawning;
using Batching.Engine.Upstreams;
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

        if (Methods.Find(request.Method) is { } method && method != HttpMethod.Get)
        {
            problems.Add(new Problem($"{field}.spawner", "works with GET only"));
        }

        if (request.Body.Length > 0)
        {
            problems.Add(new Problem($"{field}.body", "can't be sent with a spawner"));
        }

        if (request.Pagination is { } pagination)
        {
            Validate(pagination, upstream, limits, $"{field}.pagination", problems);
        }

        var rules = PageRules.Of(upstream, request.Pagination);
        var limitParam = rules.LimitParam;
        if (PageParams.Has(request, limitParam) && PageParams.ReadInteger(request, limitParam) is null or 0)
        {
            problems.Add(new Problem(
                $"{field}.params[{limitParam}]", "must be a whole number from 1: it caps the whole query of a spawner"));
        }

        // Beside the one that changes from page to page it would say something else, and many an API believes the first.
        if (rules.Style is PaginationStyle.Page or PaginationStyle.Offset)
        {
            if (HasInQuery(request.Path, rules.StepParam))
            {
                problems.Add(new Problem($"{field}.path", $"has '{rules.StepParam}' in its query: give it in params"));
            }

            if (request.Query.Any(parameter => parameter.Name == rules.StepParam))
            {
                problems.Add(new Problem($"{field}.query", $"has '{rules.StepParam}': give it in params"));
            }
        }
    }

    private static bool HasInQuery(string path, string name)
    {
        var start = path.IndexOf('?', StringComparison.Ordinal) + 1;
        return start > 0 && path[start..].Split('&').Any(param => Uri.UnescapeDataString(param.Split('=')[0]) == name);
    }

    private static void Validate(
        Pagination pagination, PaginationOptions upstream, LimitOptions limits, string field, List<Problem> problems)
    {
        if (!Enum.IsDefined(pagination.Style))
        {
            Add("style", "is not one that is known");
        }

        CheckPointer("cursor_pointer", pagination.HasCursorPointer ? pagination.CursorPointer : null);
        CheckPointer("next_url_pointer", pagination.HasNextUrlPointer ? pagination.NextUrlPointer : null);
        CheckPointer("items_pointer", pagination.HasItemsPointer ? pagination.ItemsPointer : null);
        CheckPointer("total_pointer", pagination.HasTotalPointer ? pagination.TotalPointer : null);
        CheckPointer("page_count_pointer", pagination.HasPageCountPointer ? pagination.PageCountPointer : null);
        CheckName("cursor_param", pagination.HasCursorParam ? pagination.CursorParam : null);
        CheckName("page_param", pagination.HasPageParam ? pagination.PageParam : null);
        CheckName("offset_param", pagination.HasOffsetParam ? pagination.OffsetParam : null);
        CheckName("limit_param", pagination.HasLimitParam ? pagination.LimitParam : null);
        CheckName("total_header", pagination.HasTotalHeader ? pagination.TotalHeader : null);
        CheckRange("first_page", pagination.HasFirstPage ? pagination.FirstPage : null, 0, 1);
        CheckRange(
            "page_size", pagination.HasPageSize ? pagination.PageSize : null, 1, upstream.MaxPageSize ?? upstream.PageSize);
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
