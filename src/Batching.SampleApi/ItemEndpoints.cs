using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace Batching.SampleApi;

/// <summary>
/// The collection under each style of paging. A page holds 100 items; a caller may ask for fewer, and
/// who asks for more gets 100. New items can be created and read, but are no part of the collection,
/// which stays as it is.
/// </summary>
internal sealed class ItemEndpoints(TimeProvider time)
{
    private const int PageSize = 100;
    private const int MaxCreated = 10_000;

    private readonly Recent<int, Item> _created = new(MaxCreated);
    private int _lastId = Catalog.MaxCount;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapRead("/items", ByCursor);
        api.MapRead("/items/by-page", ByPage);
        api.MapRead("/items/by-offset", ByOffset);
        api.MapRead("/items/by-link", ByLink);
        api.MapRead("/items/by-next", ByNextUrl);
        api.MapRead("/items/{id}", Get);
        api.MapPost("/items", CreateAsync);
    }

    private static IResult ByCursor(HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        var limit = Size(query, "limit");
        var start = query.Text("cursor") is { } cursor ? ReadCursor(query, cursor) : 0;
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        var end = start + limit;
        return Reply.Json(new CursorPage(catalog.Slice(start, limit), end < catalog.Count ? CursorAt(end) : null));
    }

    private static IResult ByPage(HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        var (page, perPage) = (Page(query), Size(query, "per_page"));
        return query.Error is { } error
            ? Reply.BadRequest(error)
            : Reply.Json(new
            {
                items = catalog.Slice((page - 1L) * perPage, perPage),
                page,
                perPage,
                pageCount = Pages(catalog.Count, perPage),
                totalCount = catalog.Count,
            });
    }

    private static IResult ByOffset(HttpRequest request, HttpResponse response)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        var (offset, limit) = (query.Number("offset", 0, 0, int.MaxValue), Size(query, "limit"));
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        response.Headers["X-Total-Count"] = catalog.Count.ToString(CultureInfo.InvariantCulture);
        return Reply.Json(catalog.Slice(offset, limit));
    }

    private static IResult ByLink(HttpRequest request, HttpResponse response)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        var (page, perPage) = (Page(query), Size(query, "per_page"));
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        var last = Pages(catalog.Count, perPage);
        if (page < last)
        {
            response.Headers.Link =
                $"<{PathWith(request, "page", page + 1)}>; rel=\"next\", <{PathWith(request, "page", last)}>; rel=\"last\"";
        }

        return Reply.Json(catalog.Slice((page - 1L) * perPage, perPage));
    }

    private static IResult ByNextUrl(HttpRequest request)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        var (offset, limit) = (query.Number("offset", 0, 0, Catalog.MaxCount), Size(query, "limit"));
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        var end = offset + limit;
        return Reply.Json(new
        {
            items = catalog.Slice(offset, limit),
            next = end < catalog.Count
                ? $"{request.Scheme}://{request.Host}{PathWith(request, "offset", end)}"
                : null,
        });
    }

    private IResult Get(HttpRequest request, string id)
    {
        var query = new QueryReader(request.Query);
        var catalog = new Catalog(query);
        if (query.Error is { } error)
        {
            return Reply.BadRequest(error);
        }

        return int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (catalog.Find(number) ?? _created.Find(number)) is { } item
            ? Reply.Json(item)
            : Reply.NotFound($"There is no item {id}");
    }

    private async Task<IResult> CreateAsync(HttpRequest request, HttpResponse response)
    {
        if (await ReadNameAsync(request) is not { } name)
        {
            return Reply.BadRequest("The body must be a JSON object with a name");
        }

        var changed = time.GetUtcNow().ToUnixTimeSeconds();
        var item = new Item(Interlocked.Increment(ref _lastId), name, changed);
        _created.Update(item.Id, _ => item);
        response.Headers.Location = $"{request.PathBase}{request.Path}/{item.Id}";
        return Reply.Json(item, StatusCodes.Status201Created);
    }

    private static async Task<string?> ReadNameAsync(HttpRequest request)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(request.Body, default, request.HttpContext.RequestAborted);
            return body.RootElement.ValueKind == JsonValueKind.Object
                && body.RootElement.TryGetProperty("name", out var name)
                && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int Page(QueryReader query) => query.Number("page", 1, 1, int.MaxValue - 1);

    private static int Size(QueryReader query, string name)
        => Math.Min(PageSize, query.Number(name, PageSize, 1, int.MaxValue));

    private static int Pages(int count, int perPage) => (count + perPage - 1) / perPage;

    /// <summary>The path and query of a call with one parameter set anew.</summary>
    private static string PathWith(HttpRequest request, string name, int value)
    {
        var query = new Dictionary<string, StringValues>(request.Query)
        {
            [name] = value.ToString(CultureInfo.InvariantCulture),
        };
        return $"{request.PathBase}{request.Path}{QueryString.Create(query)}";
    }

    private static string CursorAt(int place)
        => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"at:{place}")));

    private static int ReadCursor(QueryReader query, string cursor)
    {
        Span<byte> text = stackalloc byte[32];
        if (cursor.Length <= text.Length
            && Base64Url.IsValid(cursor)
            && Base64Url.TryDecodeFromChars(cursor, text, out var length)
            && text[..length].StartsWith("at:"u8)
            && int.TryParse(text[3..length], NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            && place <= Catalog.MaxCount)
        {
            return place;
        }

        query.Refuse("cursor must come from a page before");
        return 0;
    }

    /// <summary>The last page has no cursor at all.</summary>
    private sealed record CursorPage(
        IReadOnlyList<Item> Items,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cursor);
}
