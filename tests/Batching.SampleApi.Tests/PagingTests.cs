using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Batching.SampleApi.Tests;

public sealed partial class PagingTests(SampleApiServer server) : IClassFixture<SampleApiServer>
{
    [Theory]
    [InlineData(0, 100, 1)]
    [InlineData(100, 100, 1)]
    [InlineData(101, 100, 2)]
    [InlineData(250, 70, 4)]
    [InlineData(25_000, 100, 250)]
    public async Task EveryStyle_WalkedToItsEnd_YieldsEveryItemOnce(int total, int size, int pages)
    {
        var expected = Enumerable.Range(1, total);
        Func<int, int, Task<(List<int>, int)>>[] walks = [ByCursor, ByPage, ByOffset, ByLink, ByNextUrl];
        foreach (var walk in walks)
        {
            var (ids, calls) = await walk(total, size);
            Assert.Equal(expected, ids);
            Assert.Equal(pages, calls);
        }
    }

    [Fact]
    public async Task ByCursor_NothingAsked_Returns100Of25000Items()
    {
        var page = await server.GetJsonAsync("/sample/items");

        Assert.Equal(100, page.GetProperty("items").GetArrayLength());
        Assert.Equal(250, (await ByCursor(25_000, 100)).Calls);
    }

    [Theory]
    [InlineData("limit=250", 100)]
    [InlineData("limit=", 100)]
    [InlineData("limit=7", 7)]
    [InlineData("limit=7&total=5", 5)]
    public async Task ByCursor_Limit_CapsThePage(string query, int count)
        => Assert.Equal(count, Ids((await server.GetJsonAsync($"/sample/items?{query}")).GetProperty("items")).Count);

    [Fact]
    public async Task ByCursor_LastPage_HasNoCursor()
    {
        var page = await server.GetJsonAsync("/sample/items?total=3");

        Assert.False(page.TryGetProperty("cursor", out _));
    }

    [Theory]
    [InlineData("id")]
    [InlineData("-id")]
    [InlineData("changed")]
    [InlineData("-changed")]
    public async Task ByCursor_Sort_OrdersTheWholeCollection(string sort)
    {
        const int Total = 1003;
        var items = new List<(int Id, long Changed)>();
        string? cursor = null;
        do
        {
            var page = await server.GetJsonAsync($"/sample/items?total={Total}&sort={sort}&limit=90&cursor={cursor}");
            items.AddRange(page.GetProperty("items").EnumerateArray()
                .Select(item => (item.GetProperty("id").GetInt32(), item.GetProperty("changed").GetInt64())));
            cursor = Cursor(page);
        }
        while (cursor is not null);

        Func<(int Id, long Changed), long> key = sort.EndsWith("id", StringComparison.Ordinal) ? i => i.Id : i => i.Changed;
        var ordered = sort.StartsWith('-') ? items.OrderByDescending(key) : items.OrderBy(key);
        Assert.Equal(ordered, items);
        Assert.Equal(Enumerable.Range(1, Total), items.Select(item => item.Id).Order());
        Assert.Equal(Total, items.Select(item => item.Changed).Distinct().Count());
    }

    [Fact]
    public async Task Sort_ByChange_DiffersFromTheOrderById()
        => Assert.NotEqual(
            Ids((await server.GetJsonAsync("/sample/items")).GetProperty("items")),
            Ids((await server.GetJsonAsync("/sample/items?sort=changed")).GetProperty("items")));

    [Fact]
    public async Task ByPage_AnyPage_TellsTheCounts()
    {
        var page = await server.GetJsonAsync("/sample/items/by-page?total=101&per_page=50&page=3");

        Assert.Equal([101], Ids(page.GetProperty("items")));
        Assert.Equal(3, page.GetProperty("page").GetInt32());
        Assert.Equal(50, page.GetProperty("per_page").GetInt32());
        Assert.Equal(3, page.GetProperty("page_count").GetInt32());
        Assert.Equal(101, page.GetProperty("total_count").GetInt32());
    }

    [Theory]
    [InlineData("/sample/items/by-page?page=2147483646")]
    [InlineData("/sample/items/by-page?total=100&page=2")]
    public async Task ByPage_BeyondTheEnd_IsEmpty(string path)
        => Assert.Empty(Ids((await server.GetJsonAsync(path)).GetProperty("items")));

    [Fact]
    public async Task ByOffset_BeyondTheEnd_IsEmptyAndTellsTheTotal()
    {
        using var response = await server.Client.GetAsync("/sample/items/by-offset?offset=2147483647");

        Assert.Equal("25000", response.Headers.GetValues("X-Total-Count").Single());
        Assert.Equal("[]", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/sample/items?limit=0", "limit")]
    [InlineData("/sample/items?limit=many", "limit")]
    [InlineData("/sample/items?limit=-1", "limit")]
    [InlineData("/sample/items?total=1000001", "total")]
    [InlineData("/sample/items?sort=colour", "sort")]
    [InlineData("/sample/items?sort=--id", "sort")]
    [InlineData("/sample/items?cursor=100", "cursor")]
    [InlineData("/sample/items?cursor=%00", "cursor")]
    [InlineData("/sample/items?cursor=YXQ6LTE", "cursor")]
    [InlineData("/sample/items?cursor=YXQ6MTAwYXQ6MTAwYXQ6MTAwYXQ6MTAwYXQ6MTAw", "cursor")]
    [InlineData("/sample/items/by-page?page=0", "page")]
    [InlineData("/sample/items/by-page?per_page=x", "per_page")]
    [InlineData("/sample/items/by-offset?offset=-1", "offset")]
    [InlineData("/sample/items/by-link?page=x", "page")]
    [InlineData("/sample/items/by-next?offset=x", "offset")]
    [InlineData("/sample/items/1?total=x", "total")]
    [InlineData("/sample/items?delay=x", "delay")]
    public async Task AnyPage_BadQuery_Is400ThatNamesTheParameter(string path, string parameter)
    {
        using var response = await server.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.StartsWith(parameter + " must", body.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(400, body.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task ByLink_Prefixed_LinksBelowItsOwnPathAndKeepsTheQuery()
    {
        using var response = await server.Client.GetAsync("/sample/items/by-link?total=500&sort=-id&per_page=100&page=2");

        Assert.Equal(
            "</sample/items/by-link?total=500&sort=-id&per_page=100&page=3>; rel=\"next\", "
            + "</sample/items/by-link?total=500&sort=-id&per_page=100&page=5>; rel=\"last\"",
            response.Headers.GetValues("Link").Single());
    }

    private static List<int> Ids(JsonElement items)
        => [.. items.EnumerateArray().Select(item => item.GetProperty("id").GetInt32())];

    private static string? Cursor(JsonElement page)
        => page.TryGetProperty("cursor", out var cursor) ? cursor.GetString() : null;

    private async Task<(List<int> Ids, int Calls)> ByCursor(int total, int size)
    {
        var (ids, calls, cursor) = (new List<int>(), 0, "");
        do
        {
            var page = await server.GetJsonAsync($"/sample/items?total={total}&limit={size}&cursor={cursor}");
            ids.AddRange(Ids(page.GetProperty("items")));
            calls++;
            cursor = Cursor(page);
        }
        while (cursor is not null);
        return (ids, calls);
    }

    private async Task<(List<int> Ids, int Calls)> ByPage(int total, int size)
    {
        var (ids, calls, pages) = (new List<int>(), 0, 0);
        do
        {
            var page = await server.GetJsonAsync($"/sample/items/by-page?total={total}&per_page={size}&page={++calls}");
            ids.AddRange(Ids(page.GetProperty("items")));
            pages = page.GetProperty("page_count").GetInt32();
        }
        while (calls < pages);
        return (ids, calls);
    }

    private async Task<(List<int> Ids, int Calls)> ByOffset(int total, int size)
    {
        var (ids, calls) = (new List<int>(), 0);
        do
        {
            var page = await server.GetJsonAsync($"/sample/items/by-offset?total={total}&limit={size}&offset={calls * size}");
            ids.AddRange(Ids(page));
            calls++;
        }
        while (ids.Count < total);
        return (ids, calls);
    }

    private async Task<(List<int> Ids, int Calls)> ByLink(int total, int size)
    {
        var (ids, calls, next) = (new List<int>(), 0, $"/sample/items/by-link?total={total}&per_page={size}");
        do
        {
            using var response = await server.Client.GetAsync(next);
            ids.AddRange(Ids(JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement));
            calls++;
            next = response.Headers.TryGetValues("Link", out var link)
                ? NextLink().Match(link.Single()).Groups["url"].Value
                : null;
        }
        while (next is not null);
        return (ids, calls);
    }

    private async Task<(List<int> Ids, int Calls)> ByNextUrl(int total, int size)
    {
        var (ids, calls, next) = (new List<int>(), 0, $"/sample/items/by-next?total={total}&limit={size}");
        do
        {
            var page = await server.GetJsonAsync(next);
            ids.AddRange(Ids(page.GetProperty("items")));
            calls++;
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);
        return (ids, calls);
    }

    [GeneratedRegex("<(?<url>[^>]+)>; rel=\"next\"")]
    private static partial Regex NextLink();
}
