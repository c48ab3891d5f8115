using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Tests.Submission;

public sealed class SpawnerRulesTests
{
    private static readonly PaginationOptions Upstream = new() { PageSize = 100, MaxPageSize = 500 };

    public static TheoryData<string, string> Refused => new()
    {
        { """{"path": "x", "pagination": {}}""", "requests[0].pagination" },
        { """{"path": "x", "spawner": true, "method": "POST"}""", "requests[0].spawner" },
        { """{"path": "x", "spawner": true, "method": "options"}""", "requests[0].spawner" },
        { """{"path": "x", "spawner": true, "body": "eA=="}""", "requests[0].body" },
        { """{"path": "x", "spawner": true, "params": {"limit": 0}}""", "requests[0].params[limit]" },
        { """{"path": "x", "spawner": true, "params": {"limit": true}}""", "requests[0].params[limit]" },
        { """{"path": "x", "spawner": true, "params": {"limit": 9007199254740994}}""", "requests[0].params[limit]" },
        { """{"path": "x", "spawner": true, "params": {"n": 0}, "pagination": {"limitParam": "n"}}""", "requests[0].params[n]" },
        { """{"path": "x", "spawner": true, "pagination": {"style": 9}}""", "requests[0].pagination.style" },
        { Pagination("\"cursorPointer\": \"x\""), "requests[0].pagination.cursor_pointer" },
        { Pagination("\"nextUrlPointer\": \"x\""), "requests[0].pagination.next_url_pointer" },
        { Pagination("\"itemsPointer\": \"x\""), "requests[0].pagination.items_pointer" },
        { Pagination("\"totalPointer\": \"x\""), "requests[0].pagination.total_pointer" },
        { Pagination("\"pageCountPointer\": \"x\""), "requests[0].pagination.page_count_pointer" },
        { Pagination("\"cursorParam\": \"\""), "requests[0].pagination.cursor_param" },
        { Pagination("\"pageParam\": \"\""), "requests[0].pagination.page_param" },
        { Pagination("\"offsetParam\": \"\""), "requests[0].pagination.offset_param" },
        { Pagination("\"limitParam\": \"\""), "requests[0].pagination.limit_param" },
        { Pagination("\"totalHeader\": \"\""), "requests[0].pagination.total_header" },
        { Pagination("\"cursorHeader\": \"\""), "requests[0].pagination.cursor_header" },
        { Pagination("\"cursorHeader\": \"a b\""), "requests[0].pagination.cursor_header" },
        { """{"path": "x?starting_after=1", "spawner": true, "pagination": {"preset": "stripe"}}""", "requests[0].path" },
        { Pagination("\"firstPage\": 2"), "requests[0].pagination.first_page" },
        { Pagination("\"firstPage\": -1"), "requests[0].pagination.first_page" },
        { Pagination("\"pageSize\": 0"), "requests[0].pagination.page_size" },
        { Pagination("\"pageSize\": -1"), "requests[0].pagination.page_size" },
        { Pagination("\"maxPages\": 0"), "requests[0].pagination.max_pages" },
        { Pagination("\"maxPages\": 10001"), "requests[0].pagination.max_pages" },
        { """{"path": "x?offset=5", "spawner": true, "pagination": {"style": 5}}""", "requests[0].path" },
        { """{"path": "x?a=b&p%61ge=5", "spawner": true, "pagination": {"style": 4}}""", "requests[0].path" },
        { """{"path": "x?cursor=10", "spawner": true}""", "requests[0].path" },
        { Pagination("\"preset\": \"none\""), "requests[0].pagination.preset" },
        { Pagination("\"rangeUnit\": \"a b\""), "requests[0].pagination.range_unit" },
        { Pagination("\"lastItemPointer\": \"x\""), "requests[0].pagination.last_item_pointer" },
        { Pagination("\"morePointer\": \"x\""), "requests[0].pagination.more_pointer" },
        { Pagination("\"cursorTarget\": 9"), "requests[0].pagination.cursor_target" },
        { Pagination("\"cursorTransform\": 9"), "requests[0].pagination.cursor_transform" },
        { Pagination("\"cursorTarget\": 2"), "requests[0].pagination.cursor_body_pointer" },
        { Pagination("\"cursorTarget\": 2, \"cursorBodyPointer\": \"/a\""), "requests[0].pagination.cursor_target" },
        { """{"path": "x", "method": "POST", "spawner": true, "body": "W10=", "pagination": {"preset": "etcd"}}""", "requests[0].body" },
        { """{"path": "x?pageToken=10", "spawner": true}""", "requests[0].path" },
        { """{"path": "x?after=10", "spawner": true, "pagination": {"cursorParam": "after"}}""", "requests[0].path" },
        { """{"path": "x", "query": [{"name": "cursor"}], "spawner": true}""", "requests[0].query" },
        { """{"path": "x?limit=10", "spawner": true, "params": {"limit": 20}}""", "requests[0].path" },
        { """{"path": "x", "spawner": true, "params": {"offset": -1}, "pagination": {"style": 5}}""", "requests[0].params[offset]" },
        { """{"path": "x", "spawner": true, "params": {"offset": 1.5}, "pagination": {"style": 5}}""", "requests[0].params[offset]" },
        { """{"path": "x", "spawner": true, "params": {"page": "x"}, "pagination": {"style": 4}}""", "requests[0].params[page]" },
    };

    public static TheoryData<string> Accepted =>
    [
        """{"path": "x", "spawner": true}""",
        """{"path": "x", "spawner": true, "method": "get", "params": {"limit": null}}""",
        """{"path": "x", "spawner": true, "params": {"limit": "1", "cursor": 7}}""",
        """{"path": "x", "spawner": true, "params": {"limit": 0}, "pagination": {"limitParam": "n"}}""",
        """{"path": "x?page=5&offset=1", "spawner": true}""",
        """{"path": "x?limit=50", "spawner": true}""",
        """{"path": "x", "method": "POST", "spawner": true, "pagination": {"safe": true}}""",
        """{"path": "x", "method": "POST", "spawner": true, "body": "e30=", "pagination": {"preset": "etcd"}}""",
        """{"path": "x?cursor=5", "spawner": true, "pagination": {"style": 2}}""",
        """{"path": "x", "spawner": true, "params": {"offset": "50"}, "pagination": {"style": 5}}""",
        """{"path": "x", "spawner": true, "params": {"page": null}, "pagination": {"style": 4}}""",
        """{"path": "x?pages=5", "spawner": true, "pagination": {"style": 4}}""",
        Pagination("\"pageSize\": 501"),
        Pagination("\"pageSize\": 2147483647"),
        Pagination("\"pageSize\": 500, \"maxPages\": 10000, \"firstPage\": 0, \"cursorPointer\": \"\""),
    ];

    [Theory]
    [MemberData(nameof(Refused))]
    public void Validate_WhatCannotWork_NamesTheField(string request, string field)
    {
        var problem = Assert.Single(Validate(request));

        Assert.Equal(field, problem.Field);
        Assert.NotEmpty(problem.Message);
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Validate_WhatWorks_HasNoProblem(string request) => Assert.Empty(Validate(request));

    [Fact]
    public void Validate_SeveralProblems_NamesAll()
    {
        var problems = Validate(
            """{"path": "x", "spawner": true, "method": "PUT", "body": "eA==", "pagination": {"pageSize": 0, "maxPages": 0}}""");

        Assert.Equal(4, problems.Count);
    }

    private static string Pagination(string members) =>
        $$"""{"path": "x", "spawner": true, "pagination": { {{members}} } }""";

    private static List<Problem> Validate(string json)
    {
        var problems = new List<Problem>();
        var request = JsonParser.Default.Parse<Request>(json);
        SpawnerRules.Validate(request, Upstream, new LimitOptions(), "requests[0]", problems);
        return problems;
    }
}
