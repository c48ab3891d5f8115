using System.Text;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Spawning;
using Batching.V1;

namespace Batching.Engine.Tests.Spawning;

public sealed class PageRulesTests
{
    [Fact]
    public void Of_NothingSaid_HasTheDefaults()
    {
        var rules = PageRules.Of(new PaginationOptions(), null);

        Assert.Equal(PaginationStyle.Auto, rules.Style);
        Assert.Equal("cursor", rules.CursorParam);
        Assert.Equal("limit", rules.LimitParam);
        Assert.Equal("page", rules.PageParam);
        Assert.Equal("offset", rules.OffsetParam);
        Assert.Equal(1, rules.FirstPage);
        Assert.Equal(100, rules.PageSize);
        Assert.Equal(-1, rules.TotalSlot);
        Assert.Null(rules.TotalHeader);
        Assert.Equal(-1, rules.PageCountSlot);
        Assert.False(rules.Sequential);
        Assert.Equal("yes", Find(rules.CursorPointer, """{"cursor": "yes"}"""));
        Assert.Equal("yes", Find(rules.NextUrlPointer, """{"next": "yes"}"""));
    }

    [Theory]
    [InlineData(PaginationStyle.Cursor, "limit")]
    [InlineData(PaginationStyle.Link, "limit")]
    [InlineData(PaginationStyle.NextUrl, "limit")]
    [InlineData(PaginationStyle.Page, "page_size")]
    [InlineData(PaginationStyle.Offset, "limit")]
    public void LimitParam_Unset_DependsOnTheStyle(PaginationStyle style, string expected)
    {
        Assert.Equal(expected, PageRules.Of(new PaginationOptions { Style = style }, null).LimitParam);
        Assert.Equal(expected, PageRules.Of(new PaginationOptions(), new Pagination { Style = style }).LimitParam);
        Assert.Equal("n", PageRules.Of(new PaginationOptions { LimitParam = "n" }, new Pagination { Style = style }).LimitParam);
    }

    [Fact]
    public void Of_BothSaid_TheRequestWins()
    {
        var options = new PaginationOptions
        {
            Style = PaginationStyle.Page,
            CursorPointer = "/o",
            CursorParam = "o",
            NextUrlPointer = "/o",
            PageParam = "o",
            FirstPage = 1,
            OffsetParam = "o",
            LimitParam = "o",
            PageSize = 10,
            ItemsPointer = "/o",
            TotalPointer = "/ot",
            TotalHeader = "o",
            PageCountPointer = "/oc",
            Sequential = true,
        };
        var request = new Pagination
        {
            Style = PaginationStyle.Offset,
            CursorPointer = "/r",
            CursorParam = "r",
            NextUrlPointer = "/r",
            PageParam = "r",
            FirstPage = 0,
            OffsetParam = "r",
            LimitParam = "r",
            PageSize = 5,
            ItemsPointer = "/r",
            TotalPointer = "/rt",
            TotalHeader = "r",
            PageCountPointer = "/rc",
            Sequential = false,
        };

        var configured = PageRules.Of(options, null);
        var asked = PageRules.Of(options, request);

        AssertAll(configured, PaginationStyle.Page, "o", 1, 10, true);
        AssertAll(asked, PaginationStyle.Offset, "r", 0, 5, false);
        Assert.Equal("o", configured.StepParam);
        Assert.Equal((2, 7L, 8L), Read(configured));
        Assert.Equal((1, 5L, null), Read(asked));

        (int Items, long? Total, long? Pages) Read(PageRules rules)
        {
            var reading = new PageReading(
                rules.Pattern, """{"o": [1, 2], "r": [3], "ot": 7, "oc": 8, "rt": 5}"""u8, stackalloc PageValue[rules.Pattern.Count]);
            reading.Read(enough: -1, wantsItems: true);
            return (
                reading.CountItems(),
                reading.FindInteger(rules.TotalSlot),
                rules.PageCountSlot < 0 ? null : reading.FindInteger(rules.PageCountSlot));
        }
    }

    [Theory]
    [InlineData("""{}""", PaginationStyle.Auto)]
    [InlineData("""{"cursorPointer": "/x"}""", PaginationStyle.Cursor)]
    [InlineData("""{"cursorParam": "x"}""", PaginationStyle.Cursor)]
    [InlineData("""{"nextUrlPointer": "/x"}""", PaginationStyle.NextUrl)]
    [InlineData("""{"style": "PAGINATION_STYLE_AUTO", "nextUrlPointer": "/x", "cursorParam": "x"}""", PaginationStyle.Auto)]
    [InlineData("""{"style": "PAGINATION_STYLE_LINK", "cursorParam": "x"}""", PaginationStyle.Link)]
    public void Style_Unset_FollowsFromThePlacesThatAreNamed(string request, PaginationStyle expected) => Assert.Equal(
        expected, PageRules.Of(new PaginationOptions(), Google.Protobuf.JsonParser.Default.Parse<Pagination>(request)).Style);

    [Theory]
    [InlineData(100, 200, 150, 150)]
    [InlineData(100, 200, 201, 200)]
    [InlineData(100, 200, int.MaxValue, 200)]
    [InlineData(100, null, 101, 100)]
    [InlineData(100, 50, 80, 50)]
    public void PageSize_AboveTheMaximum_IsTheMaximum(int configured, int? most, int asked, int expected)
    {
        var options = new PaginationOptions { PageSize = configured, MaxPageSize = most };

        Assert.Equal(expected, PageRules.Of(options, new Pagination { PageSize = asked }).PageSize);
    }

    private static void AssertAll(
        PageRules rules, PaginationStyle style, string name, int firstPage, int pageSize, bool sequential)
    {
        Assert.Equal(style, rules.Style);
        Assert.All(
            [rules.CursorParam, rules.PageParam, rules.OffsetParam, rules.LimitParam, rules.TotalHeader],
            value => Assert.Equal(name, value));
        Assert.All(
            [rules.CursorPointer, rules.NextUrlPointer],
            pointer => Assert.Equal(name, Find(pointer!, $$"""{"{{name}}": "{{name}}"}""")));
        Assert.Equal(firstPage, rules.FirstPage);
        Assert.Equal(pageSize, rules.PageSize);
        Assert.Equal(sequential, rules.Sequential);
    }

    private static string? Find(JsonPointer pointer, string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        return pointer.TryMoveTo(ref reader) ? reader.GetString() : null;
    }
}
