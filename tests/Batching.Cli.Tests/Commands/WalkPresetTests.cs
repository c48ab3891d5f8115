using System.Text.Json;
using Batching.Cli.Tests.Infrastructure;
using Batching.Client.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace Batching.Cli.Tests.Commands;

/// <summary>Walks whose items are where a preset, or the configuration of the API, says: not in the first array of the page.</summary>
public sealed class WalkPresetTests : IAsyncLifetime
{
    private TestApi _api = null!;
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(AnswerAsync);
        _gateway = await TestGateway.StartNewAsync(new Dictionary<string, string>
        {
            ["Batch:Upstreams:0:BaseAddress"] = _api.Address,
            ["Batch:Upstreams:1:BaseAddress"] = _api.Address,
            ["Batch:Upstreams:1:Prefix"] = "/configured",
            ["Batch:Upstreams:1:Pagination:ItemsPointer"] = "/result/rows",
        });
    }

    public async Task DisposeAsync()
    {
        _gateway.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Walk_PresetWithItemsDeepInThePage_WritesThem()
    {
        var reply = await RunAsync("walk", "logs/_search", "--items", "-p", "elasticsearch", "-d", """{"size": 2, "sort": ["id"], "n": 1.50}""");

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal([1, 2, 3], reply.Json.Select(item => item.GetProperty("id").GetInt32()).Order());
        Assert.All(_api.Requests, request => Assert.Equal("POST", request.Method));
        Assert.Contains("\"n\": 1.50", _api.Requests.First().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Walk_PresetBehindAnotherArray_WritesItsItems()
    {
        var reply = await RunAsync("walk", "articles", "--items", "-p", "jsonapi");

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal([1, 2], reply.Json.Select(item => item.GetProperty("id").GetInt32()));
    }

    [Fact]
    public async Task Walk_PlaceThatIsConfigured_IsTaken()
    {
        var reply = await RunAsync("walk", "configured/list", "--items");

        Assert.True(reply.Code == ExitCode.Success, reply.Error);
        Assert.Equal([7], reply.Json.Select(item => item.GetProperty("id").GetInt32()));
    }

    [Fact]
    public async Task Walk_DataThatIsNoJson_IsUsage() =>
        Assert.Equal(ExitCode.Usage, (await RunAsync("walk", "logs/_search", "-d", "{nothing")).Code);

    private static async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        await TestApi.JsonAsync(context, context.Request.Path.Value switch
        {
            "/logs/_search" when !body.Contains("search_after", StringComparison.Ordinal) =>
                """{"shards":[],"hits":{"total":3,"hits":[{"id":1,"sort":[1]},{"id":2,"sort":[2]}]}}""",
            "/logs/_search" when JsonElement.Parse(body).GetProperty("search_after")[0].GetInt32() == 2 =>
                """{"shards":[],"hits":{"total":3,"hits":[{"id":3,"sort":[3]}]}}""",
            "/logs/_search" => """{"shards":[],"hits":{"total":3,"hits":[]}}""",
            "/articles" => """{"included":[{"id":0}],"data":[{"id":1},{"id":2}],"links":{}}""",
            _ => """{"columns":["id"],"result":{"rows":[{"id":7}]}}""",
        });
    }

    private Task<CliReply> RunAsync(params string[] arguments) => Infrastructure.Cli.RunAsync(_gateway.Address, arguments);
}
