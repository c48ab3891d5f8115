using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.References;

public sealed class ForEachTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Run_List_MakesARequestOfEachElement()
    {
        await using var upstream = await StartApiAsync(_ => """{"items":[{"id":1.50,"tags":["a"]},{"id":"x/y","tags":[]},{"none":1},{"id":3,"tags":null}]}""");
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var each = Each("list#/items", "/use/${item#/id}?n=${list#/items/0/id}");
        each.Method = "POST";
        each.Body = ByteString.CopyFromUtf8("""{"tags":{"$ref":"item#/tags"},"all":{"$ref":"item"}}""");

        var batch = await engine.SubmitAsync([Named("after", "each"), each, Named("list")]);

        var results = await engine.ResultsAsync(batch.Id);
        var template = results.Single(result => result.Key == "each");
        Assert.Equal((200, 0, "list#/items"), (template.Response.StatusCode, template.Response.Body.Length, template.ForEach.Ref));
        var made = results.Where(result => result.SpawnedBy == template.Id).OrderBy(result => result.Index).ToArray();
        Assert.Equal([3, 4, 5, 6], made.Select(result => result.Index));
        Assert.Equal([0, 1, 2, 3], made.Select(result => result.Item.Index));
        Assert.All(made, result => Assert.Equal(results.Single(list => list.Key == "list").Id, result.Item.RequestId));
        Assert.Equal(["/use/1.50?n=1.50", "/use/x%2Fy?n=1.50", "/use/${item#/id}?n=${list#/items/0/id}", "/use/3?n=1.50"], made.Select(result => result.Path));
        Assert.Equal([200, 200, 424, 200], made.Select(result => result.Response.StatusCode));
        Assert.Equal("The reference 'item#/id' is to a value that the element does not have.", made[2].Response.Error.Message);
        Assert.Equal(
            ["""{"tags":["a"],"all":{"id":1.50,"tags":["a"]}}""", """{"tags":[],"all":{"id":"x/y","tags":[]}}""", """{"tags":null,"all":{"id":3,"tags":null}}"""],
            upstream.Requests.Where(call => call.Method == "POST").OrderBy(call => call.Target, StringComparer.Ordinal).Select(call => call.Text).Order(StringComparer.Ordinal).Reverse().OrderBy(text => text.Contains("x/y", StringComparison.Ordinal) ? 1 : text.Contains("null", StringComparison.Ordinal) ? 2 : 0));

        // One of those made has failed: whoever depends on all of them does not run.
        Assert.Equal(424, results.Single(result => result.Key == "after").Response.StatusCode);
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        Assert.Equal(0, engine.Get<OwnerQuotas>().Count);
    }

    [Theory]
    [InlineData("""{"items":[]}""", 200, "")]
    [InlineData("""{"items":{}}""", 424, "The reference 'list#/items' is to a value that is not an array.")]
    [InlineData("""{"items":null}""", 424, "The reference 'list#/items' is to a value that is not an array.")]
    [InlineData("""{}""", 424, "The reference 'list#/items' is to a value that the body does not have.")]
    [InlineData("no JSON", 424, "The reference 'list#/items' is to a body that is not JSON.")]
    public async Task Run_NoElements_IsDoneOrSaysWhy(string json, int status, string message)
    {
        await using var upstream = await StartApiAsync(_ => json);
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var results = await engine.ResultsAsync((await engine.SubmitAsync([Named("list"), Each("list#/items", "/use/${item}")])).Id);

        Assert.Equal(2, results.Count);
        Assert.Equal((status, message), (results[1].Response.StatusCode, results[1].Response.Error?.Message ?? ""));
        Assert.True(status == 200 || results[1].Response.Error!.Details[0].Unpack<ErrorInfo>().Reason == "REFERENCE_NOT_FOUND");
    }

    [Fact]
    public async Task Run_LongList_IsMadeInGroupsAndInOrder()
    {
        await using var upstream = await StartApiAsync(_ => $$"""{"items":[{{string.Join(',', Enumerable.Range(0, 1000))}}]}""");
        await using var engine = await EngineHost.StartAsync(_directory, upstream);

        var results = await engine.ResultsAsync((await engine.SubmitAsync([Named("list"), Each("list#/items", "/use/${item}"), Named("after", "each")])).Id);

        Assert.Equal(1003, results.Count);
        Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
        Assert.Equal("after", results[^1].Key);
        Assert.Equal(
            Enumerable.Range(0, 1000).Select(i => $"/use/{i}"),
            results.Where(result => result.Item is not null).OrderBy(result => result.Index).Select(result => result.Path));
        Assert.Equal(1000, upstream.Requests.Select(call => call.Target).Where(target => target.StartsWith("/use", StringComparison.Ordinal)).Distinct().Count());
    }

    [Fact]
    public async Task Run_Pages_AreTakenAsTheyCome()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value != "/walk"
            ? Task.CompletedTask
            : context.Request.Query["cursor"] == "2"
                ? gate.PassAsync(context)
                : TestApi.JsonAsync(context, context.Request.Query["cursor"] == "1" ? """{"items":["c"],"cursor":"2"}""" : """{"items":["a","b"],"cursor":"1"}"""));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var walk = Named("walk");
        walk.Spawner = true;

        var batch = await engine.SubmitAsync([walk, Each("walk#/items", "/use/${item}", "other"), Named("other"), Named("after", "each")]);

        // The last page is still to come.
        await Eventually.BeTrueAsync(
            () => upstream.Requests.Count(call => call.Target.StartsWith("/use/", StringComparison.Ordinal)) == 3, "the elements of two pages");
        await gate.UntilEnteredAsync(1);
        Assert.DoesNotContain(upstream.Requests, call => call.Target == "/after");
        gate.Open();
        var results = await engine.ResultsAsync(batch.Id);
        Assert.Equal("after", results[^1].Key);
        Assert.Equal(
            ["/use/a", "/use/b", "/use/c"],
            results.Where(result => result.Item is not null).Select(result => result.Path).Order(StringComparer.Ordinal));
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
    }

    [Fact]
    public async Task Run_OfThoseThatWereMade_GoesOnFromEach()
    {
        await using var upstream = await TestApi.StartAsync(context => TestApi.JsonAsync(
            context, context.Request.Path.Value == "/list" ? "[1,2]" : $$"""{"subs":["{{context.Request.Path.Value![1..]}}a","{{context.Request.Path.Value[1..]}}b"]}"""));
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var second = Each("each#/subs", "/sub/${item}");
        second.Key = "second";

        var results = await engine.ResultsAsync((await engine.SubmitAsync([second, Each("list#", "/${item}"), Named("list")])).Id);

        Assert.Equal(9, results.Count);
        Assert.Equal(
            ["/sub/1a", "/sub/1b", "/sub/2a", "/sub/2b"],
            upstream.Requests.Select(call => call.Target).Where(target => target.StartsWith("/sub", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_Restarted_MakesEachRequestOnce()
    {
        var gate = new Gate();
        var isHeld = true;
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value == "/list"
            ? TestApi.JsonAsync(context, $$"""{"items":[{{string.Join(',', Enumerable.Range(0, 900))}}]}""")
            : isHeld ? gate.PassAsync(context) : Task.CompletedTask);
        Batch batch;
        await using (var engine = await EngineHost.StartAsync(_directory, EngineHost.Upstream(upstream.Url, concurrency: 2) + (options => options.Quotas.Requests = 400)))
        {
            batch = await engine.SubmitAsync([Named("list"), Each("list#/items", "/use/${item}")]);
            await gate.UntilEnteredAsync(2);
            await Eventually.BeTrueAsync(
                async () => (await engine.StatusAsync(batch.Id)).TotalRequests > 300, "as many are made as the quota allows");
            Assert.True((await engine.StatusAsync(batch.Id)).TotalRequests <= 402);
            await engine.StopAsync();
        }

        isHeld = false;
        gate.Open();
        await using (var engine = await EngineHost.StartAsync(_directory, upstream))
        {
            var results = await engine.ResultsAsync(batch.Id);
            Assert.Equal(
                Enumerable.Range(0, 900),
                results.Where(result => result.Item is not null).OrderBy(result => result.Index).Select(result => result.Item.Index));
            Assert.All(results, result => Assert.Equal(200, result.Response.StatusCode));
            Assert.Equal(902, results.Count);
        }
    }

    [Fact]
    public async Task Run_MoreThanTheLimit_EndsWithWhatWasMade()
    {
        await using var upstream = await StartApiAsync(_ => """{"items":[1,2,3,4,5]}""");
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url) + (options => options.Limits.ItemsPerForEach = 3));

        var results = await engine.ResultsAsync((await engine.SubmitAsync([Named("list"), Each("list#/items", "/use/${item}")])).Id);

        var template = results.Single(result => result.Key == "each");
        Assert.Equal(
            (5, 502, "The list has more than 3 elements (Batch:Limits:ItemsPerForEach). Requests were made of 3 elements."),
            (results.Count, template.Response.StatusCode, template.Response.Error.Message));
        Assert.Equal("ITEM_LIMIT", template.Response.Error.Details[0].Unpack<ErrorInfo>().Reason);
    }

    [Fact]
    public async Task Run_Cancelled_EndsAllAndGivesEverythingBack()
    {
        var gate = new Gate();
        await using var upstream = await TestApi.StartAsync(context => context.Request.Path.Value == "/list"
            ? TestApi.JsonAsync(context, $$"""{"items":[{{string.Join(',', Enumerable.Range(0, 900))}}]}""")
            : gate.PassAsync(context));
        await using var engine = await EngineHost.StartAsync(
            _directory, EngineHost.Upstream(upstream.Url, concurrency: 2) + (options => options.Quotas.Requests = 100));
        var batch = await engine.SubmitAsync([Named("list"), Each("list#/items", "/use/${item}")]);
        await gate.UntilEnteredAsync(2);

        Assert.True((await engine.Canceller.CancelAsync(EngineHost.Alice, batch.Id, CancellationToken.None)).Succeeded);

        var results = await engine.ResultsAsync(batch.Id);
        Assert.All(results.Where(result => result.Key != "list"), result => Assert.Equal(499, result.Response.StatusCode));
        Assert.Equal(0, engine.Get<MemoryBudgets>().Dependencies.Used);
        gate.Open();
    }

    [Fact]
    public async Task Submit_BadForEach_IsRefusedByField()
    {
        await using var upstream = await StartApiAsync(_ => "[]");
        await using var engine = await EngineHost.StartAsync(_directory, upstream);
        var spawner = Each("list#", "/use");
        spawner.Spawner = true;
        spawner.Key = "s";
        Request Other(string list, string path, string key)
        {
            var request = Each(list, path);
            request.Key = key;
            return request;
        }

        var answer = await engine.Submitter.SubmitAsync(
            EngineHost.Alice,
            [Named("list"), Other("list", "/use", "a"), Other("list.status", "/use", "b"), Other("item#", "/use", "c"), spawner, Other("list#", "/${item.status}", "d"), Other("nobody#", "/use", "e")],
            [],
            CancellationToken.None);

        Assert.Equal(
            [
                "requests[1].for_each has the reference 'list', which must be key#/json/pointer, key.status or key.headers.name",
                "requests[2].for_each must be key#/json/pointer: the place of a list in a response",
                "requests[3].for_each must be key#/json/pointer: the place of a list in a response",
                "requests[4].for_each can't stand beside spawner",
                "requests[5].path has the reference 'item.status', but an element has neither status nor headers",
                "requests[3].references are to a key that no request of this batch has",
                "requests[6].references are to a key that no request of this batch has",
            ],
            Assert.IsType<Refusal.Invalid>(answer.Refusal).Problems.Select(problem => $"{problem.Field} {problem.Message}"));
    }

    private static Request Named(string key, params string[] dependsOn) => new() { Path = $"/{key}", Key = key, DependsOn = { dependsOn } };

    private static Request Each(string list, string path, params string[] dependsOn) =>
        new() { Path = path, Key = "each", ForEach = new ForEach { Ref = list }, DependsOn = { dependsOn } };

    private static Task<TestApi> StartApiAsync(Func<HttpContext, string> list) => TestApi.StartAsync(context =>
        context.Request.Path.Value == "/list" ? TestApi.JsonAsync(context, list(context)) : Task.CompletedTask);
}
