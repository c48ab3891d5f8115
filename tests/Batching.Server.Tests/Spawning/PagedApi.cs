using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Spawning;

/// <summary>The numbers 1 to N under every style of pagination, at paths that end in its name.</summary>
/// <param name="count">N.</param>
/// <param name="maxPageSize">No page has more items, whatever is asked for.</param>
public sealed class PagedApi(int count, int maxPageSize = 1000)
{
    /// <summary>What is said about the number of items, if not the truth.</summary>
    public long? Total { get; init; }

    /// <summary>What comes before an answer; false if it has given the answer itself.</summary>
    public Func<HttpContext, Task<bool>>? Before { get; init; }

    public async Task HandleAsync(HttpContext context)
    {
        if (Before is not null && !await Before(context))
        {
            return;
        }

        var path = context.Request.Path.Value!;
        var style = path[(path.LastIndexOf('/') + 1)..];
        var size = (int)Math.Min(maxPageSize, Read("limit") ?? Read("page_size") ?? 100);
        var start = style switch
        {
            "page" => ((Read("page") ?? 1) - 1) * size,
            "offset" => Read("offset") ?? 0,
            _ => Read("cursor", "c") ?? 0,
        };
        var items = new List<long>();
        for (var i = start; i < Math.Min(count, start + size); i++)
        {
            items.Add(i + 1);
        }

        var next = start + size < count ? $"c{start + size}" : null;
        var total = Total ?? count;
        context.Response.Headers["X-Total-Count"] = total.ToString(CultureInfo.InvariantCulture);
        if (style == "link" && next is not null)
        {
            context.Response.Headers.Append("Link", "</>; rel=\"start\"");
            context.Response.Headers.Append("Link", $"<{path}?limit={size}&cursor={next}>; rel=\"next\"");
        }

        await context.Response.WriteAsJsonAsync<object>(style switch
        {
            "cursor" => new { items, cursor = next },
            "next_url" => new { items, next = next is null ? null : $"?limit={size}&cursor={next}" },
            "page" => new { items, total, pages = (total + size - 1) / size },
            "offset" => new { items, total },
            _ => items,
        });

        long? Read(string name, string prefix = "") =>
            context.Request.Query[name] is [{ } text] ? long.Parse(text[prefix.Length..], CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The items of a page.</summary>
    public static IEnumerable<long> ItemsOf(JsonElement page) =>
        (page.ValueKind == JsonValueKind.Array ? page : page.GetProperty("items")).EnumerateArray().Select(item => item.GetInt64());
}
