using System.Text;
using System.Text.Json;
using Batching.Engine.Spawning;
using Batching.V1;

namespace Batching.Spawning.Tests.Units;

public sealed class PageRulesTests
{
    [Fact]
    public void Of_NothingSaid_HasTheDefaults()
    {
        var rules = PageRules.Of(new PaginationOptions(), null);

        Assert.Equal(PaginationStyle.Cursor, rules.Style);
        Assert.Equal("cursor", rules.CursorParam);
        Assert.Equal("limit", rules.LimitParam);
        Assert.Equal("page", rules.PageParam);
        Assert.Equal("offset", rules.OffsetParam);
        Assert.Equal(1, rules.FirstPage);
        Assert.Equal(100, rules.PageSize);
        Assert.Null(rules.ItemsPointer);
        Assert.Null(rules.TotalPointer);
        Assert.Null(rules.TotalHeader);
        Assert.Null(rules.PageCountPointer);
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
            TotalPointer = "/o",
            TotalHeader = "o",
            PageCountPointer = "/o",
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
            TotalPointer = "/r",
            TotalHeader = "r",
            PageCountPointer = "/r",
            Sequential = false,
        };

        var configured = PageRules.Of(options, null);
        var asked = PageRules.Of(options, request);

        AssertAll(configured, PaginationStyle.Page, "o", 1, 10, true);
        AssertAll(asked, PaginationStyle.Offset, "r", 0, 5, false);
        Assert.Equal("o", configured.StepParam);
    }

    private static void AssertAll(
        PageRules rules, PaginationStyle style, string name, int firstPage, int pageSize, bool sequential)
    {
        Assert.Equal(style, rules.Style);
        Assert.All(
            [rules.CursorParam, rules.PageParam, rules.OffsetParam, rules.LimitParam, rules.TotalHeader],
            value => Assert.Equal(name, value));
        Assert.All(
            [rules.CursorPointer, rules.NextUrlPointer, rules.ItemsPointer, rules.TotalPointer, rules.PageCountPointer],
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
