using System.Net;
using System.Text;
using Batching.Server.Tests.Keyed;

namespace Batching.Server.Tests.Graph;

/// <summary>What comes of batches and their requests.</summary>
[Collection(SharedGraphGateway.Name)]
public sealed class ExecutionTests(GraphFixture fixture)
{
    [Fact]
    public async Task Post_Requests_AreAnsweredInTheirOrder()
    {
        using var response = await fixture.Gateway.Client.PostAsync("/v1.0/$batch", new StringContent(
            """
            {"@odata.note": 1, "requests": [
              {"id": "b", "method": "GET", "url": "/json"}, {"id": "a", "method": "get", "url": "text"},
              {"id": "é\"", "method": "GET", "url": "/bytes"}, {"id": "n", "method": "GET", "url": "/missing?q"}]}
            """,
            Encoding.UTF8));

        Assert.Equal(
            """
            {"responses":[{"id":"b","status":200,"headers":{"date":"*","content-type":"application/json; charset=utf-8"},"body":{"id":12345678901234567890,  "x":1.50}},{"id":"a","status":200,"headers":{"date":"*","content-type":"text/plain; charset=utf-8"},"body":"a \"text\" with ünïcode"},{"id":"é\"","status":200,"headers":{"date":"*","content-type":"application/octet-stream"},"body":"+/8A"},{"id":"n","status":404,"headers":{"date":"*","content-type":"application/json"},"body":{"nothing at":"/v1.0/missing"}}]}
            """,
            KeyedReplies.WithoutDates(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Post_NoRequests_HasNoResponses() =>
        Assert.Empty((await fixture.Gateway.PostAsync("""{"requests":[]}""")).GetProperty("responses").EnumerateArray());

    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    public async Task Post_DependsOnASuccess_IsMade(string path)
    {
        var replies = await fixture.Gateway.RunAsync(
            $$"""{"id":"1","method":"GET","url":"/{{path}}"}""",
            """{"id":"2","method":"GET","url":"/json","dependsOn":["1","1"]}""",
            """{"id":"3","method":"GET","url":"/text","dependsOn":["1","2"]}""");

        Assert.All(replies.Values, reply => Assert.Equal(200, reply.Status()));
    }

    [Theory]
    [InlineData("\"/none\"", 400)]
    [InlineData("\"/missing\"", 404)]
    [InlineData("\"/elsewhere\"", 302)]
    [InlineData("\"/../x\"", 400)]
    [InlineData("5", 400)]
    public async Task Post_DependsOnAFailure_Is424AndNotMade(string url, int status)
    {
        var never = $"/never/{Guid.NewGuid()}";
        var replies = await fixture.Gateway.RunAsync(
            $$"""{"id":"1","method":"GET","url":{{url}}}""",
            $$"""{"id":"2","method":"GET","url":"{{never}}","dependsOn":["1"]}""",
            $$"""{"id":"3","method":"GET","url":"{{never}}","dependsOn":["2"]}""",
            """{"id":"4","method":"GET","url":"/json"}""");

        Assert.Equal([status, 424, 424, 200], replies.Values.Select(reply => reply.Status()));
        Assert.DoesNotContain(fixture.Api.Calls, call => call.Target.Contains(never, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_AtomicityGroup_IsRefusedWithWhatDependsOnIt()
    {
        var replies = await fixture.Gateway.RunAsync(
            """{"id":"1","method":"POST","url":"/grouped","atomicityGroup":"g"}""",
            """{"id":"2","method":"POST","url":"/grouped","atomicityGroup":"g"}""",
            """{"id":"3","method":"GET","url":"/json","dependsOn":["g"]}""",
            """{"id":"4","method":"GET","url":"/json","if":"$1/$succeeded"}""",
            """{"id":"5","method":"GET","url":"/json"}""",
            """{"id":"6","method":"GET","url":"$5/parts","dependsOn":["5"]}""");

        Assert.Equal([501, 501, 424, 424, 200, 501], replies.Values.Select(reply => reply.Status()));
        Assert.Equal("g", replies["2"].GetProperty("atomicityGroup").GetString());
        Assert.False(replies["3"].TryGetProperty("atomicityGroup", out _));
        Assert.DoesNotContain(fixture.Api.Calls, call => call.Target.Contains("grouped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_Credential_IsThatOfTheBatch()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/$batch")
        {
            Content = new StringContent(
                """
                {"requests":[
                  {"id":"1","method":"GET","url":"/who/1","headers":{"Authorization":"Bearer A"}},
                  {"id":"2","method":"GET","url":"/who/2"},
                  {"id":"3","method":"GET","url":"/who/3","headers":{"Authorization":"Bearer B"}}]}
                """),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer A");
        using var response = await fixture.Gateway.Client.SendAsync(request);
        var replies = KeyedReplies.Parse(await response.Content.ReadAsStringAsync()).GetProperty("responses").EnumerateArray();

        Assert.Equal([404, 404, 400], replies.Select(reply => reply.Status()));
        Assert.Equal(
            ["Bearer A", "Bearer A"],
            fixture.Api.Calls.Where(call => call.Target.Contains("/who/", StringComparison.Ordinal))
                .Select(call => call.Headers["Authorization"]));
    }

    // Over an empty base path the API's held paths are those of the batch.
    [Fact]
    public async Task Post_Dependent_BeginsWhenThatIsDoneWhichItNeeds()
    {
        await using var api = await KeyedApi.StartAsync();
        api.Map("/after", 200, "application/json", "1");
        await using var gateway = await GraphCaller.StartAsync(
            api.Address, "Batch:Dialects:Graph:BasePath=", "Batch:Keyed:Parallelism=2");
        var running = gateway.PostAsync(
            """
            {"requests":[
              {"id":"1","method":"GET","url":"/held/1"},
              {"id":"2","method":"GET","url":"/after","dependsOn":["1"]},
              {"id":"3","method":"GET","url":"/held/3"}]}
            """,
            path: "/$batch");
        await Eventually.BeTrueAsync(() => api.Held == 2, "the two that need nothing are under way");
        Assert.DoesNotContain(api.Calls, call => call.Target == "/after");
        api.Release();
        var reply = await running;

        Assert.All(reply.GetProperty("responses").EnumerateArray(), one => Assert.Equal(200, one.Status()));
        Assert.Equal("/after", api.Calls.Last().Target);
    }

    [Fact]
    public async Task Post_SwitchedOff_IsNothing()
    {
        await using var gateway = await KeyedGateway.StartAsync(fixture.Api.Address);
        using var response = await gateway.Client.PostAsync("/v1.0/$batch", new StringContent("""{"requests":[]}"""));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Start_BadSettings_NamesEachKey()
    {
        var output = await KeyedGateway.FailToStartAsync(
            "http://127.0.0.1:1", "Batch:Dialects:Graph:Enabled=true", "Batch:Dialects:Graph:BasePath=/a/../b", "Batch:Dialects:Graph:MaxRequests=101");

        Assert.Contains("Batch:Dialects:Graph:BasePath", output, StringComparison.Ordinal);
        Assert.Contains(
            "Batch:Dialects:Graph:MaxRequests must not be more than Batch:Keyed:Calls, which is 100", output, StringComparison.Ordinal);
    }
}
