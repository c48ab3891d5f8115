using System.Net;
using System.Text;
using System.Text.Json;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Keyed;

/// <summary>Calls of keyed batches that wait for others, and keyed batches that are stored.</summary>
public sealed class DependencyTests
{
    [Fact]
    public async Task Post_CallsThatDependOnOthers_AreMadeInThatOrder()
    {
        await using var api = await KeyedApi.StartAsync();
        api.Map("/a", 200, "application/json", "1").Map("/b", 302, null, "").Map("/c", 500, null, "");
        await using var gateway = await KeyedGateway.StartAsync(api.Address);

        var reply = KeyedReplies.Parse(await gateway.PostAsync(
            """
            {
                "last": {"url": "/b", "depends_on": ["first", "second"]},
                "second": {"url": "/b", "depends_on": "first"},
                "first": "/a",
                "broken": "/c",
                "after": {"url": "/a", "depends_on": ["broken"], "run_when": "failed"},
                "ever": {"url": "/a", "depends_on": ["broken", "never"], "run_when": "DONE"},
                "never": {"url": "/a", "depends_on": ["broken"]},
                "idle": {"url": "/a", "depends_on": ["first"], "run_when": "failed"}
            }
            """));

        Assert.Equal(
            [302, 302, 200, 500, 200, 200, 424, 424],
            reply.EnumerateObject().Select(entry => entry.Value.Status()));
        Assert.Equal("dependency_failed", reply.GetProperty("never").Code());
        Assert.Equal("It depends on 'broken', which has not succeeded.", reply.GetProperty("never").Message());
        Assert.Equal(
            "It runs only after a failure, and 'first' and whatever else it depends on has succeeded.", reply.GetProperty("idle").Message());
        Assert.Equal(6, api.Calls.Count);
    }

    [Theory]
    [InlineData("""{"a": {"url": "/a", "depends_on": ["b"]}}""", "calls[0].request.depends_on[0]", "is not the key of a request of this batch")]
    [InlineData("""{"a": {"url": "/a", "depends_on": ["a"]}}""", "calls[0].request.depends_on[0]", "is the key of the request itself")]
    [InlineData(
        """{"a": {"url": "/a", "depends_on": ["c"]}, "b": {"url": "/a", "depends_on": ["a"]}, "c": {"url": "/a", "depends_on": ["b"]}}""",
        "calls[0].request.depends_on",
        "leads round in a circle: 'a' -> 'c' -> 'b' -> 'a'")]
    [InlineData("""{"a": {"url": "/a", "run_when": "done"}}""", "calls[0].request.run_when", "needs depends_on")]
    public async Task Post_DependenciesThatCanNotBe_AreRefusedAndNothingIsCalled(string body, string field, string problem)
    {
        await using var api = await KeyedApi.StartAsync();
        await using var gateway = await KeyedGateway.StartAsync(api.Address);

        var reply = KeyedReplies.Parse(await gateway.PostAsync(body, HttpStatusCode.BadRequest));

        var error = Assert.Single(reply.GetProperty("errors").EnumerateArray());
        Assert.Equal((field, problem), (error.GetProperty("field").GetString(), error.GetProperty("message").GetString()));
        Assert.Empty(api.Calls);
    }

    [Fact]
    public async Task Post_MoreDependenciesThanMayBe_AreRefusedWithTheLimit()
    {
        await using var api = await KeyedApi.StartAsync();
        await using var gateway = await KeyedGateway.StartAsync(
            api.Address, "Batch:Limits:DependenciesPerRequest=2", "Batch:Limits:DependenciesPerBatch=3");

        var one = await gateway.PostAsync(
            """{"a": "/a", "b": "/a", "c": "/a", "d": {"url": "/a", "depends_on": ["a", "b", "c"]}}""", HttpStatusCode.BadRequest);
        var all = await gateway.PostAsync(
            """{"a": "/a", "b": "/a", "c": {"url": "/a", "depends_on": ["a", "b"]}, "d": {"url": "/a", "depends_on": ["a", "b"]}}""",
            HttpStatusCode.BadRequest);

        Assert.Contains("Batch:Limits:DependenciesPerRequest", one, StringComparison.Ordinal);
        Assert.Contains("Batch:Limits:DependenciesPerBatch", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunBatch_CallsThatDependOnOthers_AreMadeInThatOrder()
    {
        await using var api = await KeyedApi.StartAsync();
        api.Map("/a", 200, "application/json", "1");
        await using var gateway = await KeyedGateway.StartAsync(api.Address);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var client = new KeyedBatchService.KeyedBatchServiceClient(channel);
        var second = new Request { Path = "/a", DependsOn = { "none" }, RunWhen = RunWhen.Failed };

        var reply = await client.RunBatchAsync(new RunBatchRequest
        {
            Calls =
            {
                new KeyedRequest { Key = "second", Request = second },
                new KeyedRequest { Key = "none", Request = new Request { Path = "/none" } },
                new KeyedRequest { Key = "bad", Request = new Request { Path = "//" } },
                new KeyedRequest { Key = "third", Request = new Request { Path = "/a", DependsOn = { "bad" } } },
            },
        });

        Assert.Equal([200, 404, 400, 424], reply.Replies.Select(entry => entry.Response.StatusCode));
        Assert.Equal((int)StatusCode.FailedPrecondition, reply.Replies[3].Response.Error.Code);
    }

    [Fact]
    public async Task Async_OverEveryPath_IsStoredAndHasItsResultsByKey()
    {
        await using var api = await TestApi.StartAsync(context => context.Response.WriteAsync(context.Request.Path));
        await using var gateway = await Infrastructure.Gateway.StartAsync(api);
        const string calls = """{"one": "/a", "two": {"url": "/b", "method": "PUT", "payload": 1, "depends_on": ["one"]}}""";

        var v2 = await gateway.Rest.PostAsync(calls, "/api/v2/batch?async=true");
        var v1 = await PostJsonAsync(
            gateway,
            """{"async": true, "calls": [{"key": "one", "request": {"path": "a"}}, {"key": "two", "request": {"path": "b", "dependsOn": ["one"]}}]}""");
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var grpc = await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(new RunBatchRequest
        {
            Async = true,
            Calls =
            {
                new KeyedRequest { Key = "one", Request = new Request { Path = "a" } },
                new KeyedRequest { Key = "two", Request = new Request { Path = "b", DependsOn = { "one" } } },
            },
        });

        Assert.True(v2.Status == 200, v2.Text);
        Assert.True(v1.Status == 200, v1.Text);
        Assert.Empty(grpc.Replies);
        Assert.Empty(grpc.Batch.Requests);
        Assert.Equal(2, grpc.Batch.TotalRequests);
        string[] ids =
        [
            JsonDocument.Parse(v2.Text).RootElement.GetProperty("id").GetString()!,
            JsonDocument.Parse(v1.Text).RootElement.GetProperty("batch").GetProperty("id").GetString()!,
            grpc.Batch.Id,
        ];
        foreach (var id in ids)
        {
            await gateway.Rest.WaitUntilDoneAsync(id);
            var results = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0&request_fields=key,response,responseStatusCode")).Success();
            Assert.Equal(
                [("one", 200, "/a"), ("two", 200, "/b")],
                results.Requests.Select(request => (
                    request.GetProperty("key").GetString(),
                    request.GetProperty("responseStatusCode").GetInt32(),
                    request.GetProperty("response").GetString())));
            var page = await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = id, After = 0 });
            Assert.Equal(["one", "two"], page.Batch.Requests.Select(request => request.Key));
        }
    }

    [Fact]
    public async Task Async_SomethingIsWrong_RefusesAllByTheNamesOfTheCaller()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Infrastructure.Gateway.StartAsync(api);

        var v2 = await gateway.Rest.PostAsync(
            """{"good": "/a", "bad": {"url": "//", "method": 1}, "": "/b", "lost": {"url": "/a", "depends_on": ["x"]}}""",
            "/api/v2/batch?async=true");
        var twice = await gateway.Rest.PostAsync("""{"a": "/a", "a": "/a"}""", "/api/v2/batch?async=true");
        var none = await gateway.Rest.PostAsync("{}", "/api/v2/batch?async=true");
        var v1 = await PostJsonAsync(
            gateway, """{"async": true, "calls": [{"key": "one"}, {"key": "b\u0001", "request": {"path": "b"}}]}""");

        Assert.Equal((400, 400, 400, 400), (v2.Status, twice.Status, none.Status, v1.Status));
        Assert.Equal(
            ["", "bad.method", "bad.url", "lost.depends_on[0]"], v2.ErrorFields.Order(StringComparer.Ordinal));
        Assert.Contains("\"calls\"", none.Text, StringComparison.Ordinal);
        Assert.Contains("calls[0].request.path", v1.Text, StringComparison.Ordinal);
        Assert.Contains("calls[1].key", v1.Text, StringComparison.Ordinal);
        Assert.Empty((await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
    }

    [Fact]
    public async Task Async_AgainWithTheSameKey_IsTheSameBatch()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Infrastructure.Gateway.StartAsync(api);
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Address) };

        var first = await SendAsync("""{"a": "/a"}""");
        var again = await SendAsync("""{ "a": {"url": "/a", "method": "GET"} }""");
        var other = await SendAsync("""{"a": "/b"}""");

        Assert.Equal(first, again);
        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(HttpStatusCode.Conflict, other.Status);

        async Task<(HttpStatusCode Status, string Text)> SendAsync(string body)
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "/api/v2/batch?async=true") { Content = new StringContent(body, Encoding.UTF8) };
            message.Headers.Add("Idempotency-Key", "\"k\"");
            using var response = await http.SendAsync(message);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    private static Task<RestReply> PostJsonAsync(Infrastructure.Gateway gateway, string json) => gateway.Rest.SendAsync(
        HttpMethod.Post, "/api/v1/batches:run", new StringContent(json, Encoding.UTF8, "application/json"));
}
