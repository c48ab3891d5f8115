using System.Net;
using System.Text.Json;

namespace Batching.Server.Tests.Graph;

/// <summary>What is wrong with a batch, or with one of its requests.</summary>
[Collection(SharedGraphGateway.Name)]
public sealed class BadBatchTests(GraphFixture fixture)
{
    [Theory]
    [InlineData("", "body must be a JSON object with an array of requests, but is empty.")]
    [InlineData("{", "body is not valid JSON at line 1, byte 2.")]
    [InlineData("--batch", "body is not valid JSON at line 1, byte 2.")]
    [InlineData("[]", "requests is required: an array of requests.")]
    [InlineData("5", "requests is required: an array of requests.")]
    [InlineData("{}", "requests is required: an array of requests.")]
    [InlineData("""{"requests":{}}""", "requests is required: an array of requests.")]
    [InlineData("""{"requests":[],"requests":[]}""", "requests is given twice.")]
    [InlineData("""{"requests":[]} {}""", "body is not valid JSON at line 1, byte 17.")]
    [InlineData("""{"requests":[5]}""", "requests[0] must be an object.")]
    [InlineData("""{"requests":[{"method":"GET","url":"/json"}]}""", "requests[0].id is required: a string that no other request has.")]
    [InlineData("""{"requests":[{"id":1,"method":"GET","url":"/json"}]}""", "requests[0].id is required: a string that no other request has.")]
    [InlineData("""{"requests":[{"id":"","method":"GET","url":"/json"}]}""", "requests[0].id is required: a string that no other request has.")]
    [InlineData("""{"requests":[{"id":"1"},{"id":"\u0031"}]}""", "requests[1].id is given twice: '1'.")]
    [InlineData("""{"requests":[{"id":"1","atomicityGroup":"2"},{"id":"2"}]}""", "requests[1].id is given twice: '2'.")]
    [InlineData("""{"requests":[{"id":"1","atomicityGroup":"1"}]}""", "requests[0].atomicityGroup must not be the id of a request: '1'.")]
    [InlineData("""{"requests":[{"id":"1","dependsOn":["0"]}]}""", "requests[0].dependsOn must name requests before it, and '0' is none.")]
    [InlineData("""{"requests":[{"id":"1","dependsOn":["1"]}]}""", "requests[0].dependsOn must not name the request itself.")]
    [InlineData("""{"requests":[{"id":"1","dependsOn":["2"]},{"id":"2","dependsOn":["1"]}]}""", "requests[0].dependsOn must name requests before it, and '2' is none.")]
    [InlineData("""{"requests":[{"id":"1","dependsOn":"0"}]}""", "requests[0].dependsOn must be an array of strings.")]
    [InlineData("""{"requests":[{"id":"1","dependsOn":[0]}]}""", "requests[0].dependsOn must be an array of strings.")]
    public async Task Post_BadBatch_IsRefusedWhole(string body, string message)
    {
        var reply = await fixture.Gateway.PostAsync(body, HttpStatusCode.BadRequest);

        Assert.Equal(message, reply.Message());
        Assert.Equal("INVALID_ARGUMENT", reply.GetProperty("error").GetProperty("code").GetString());
        Assert.NotEmpty(reply.GetProperty("error").GetProperty("details")[0].GetProperty("target").GetString()!);
    }

    [Theory]
    [InlineData(20, HttpStatusCode.OK)]
    [InlineData(21, HttpStatusCode.BadRequest)]
    [InlineData(5_000, HttpStatusCode.BadRequest)]
    public async Task Post_ManyRequests_AreRefusedBeyondTheLimit(int count, HttpStatusCode expected)
    {
        var requests = Enumerable.Range(0, count).Select(i => $$"""{"id":"{{i}}","method":"GET","url":"/json"}""");
        var reply = await fixture.Gateway.PostAsync($$"""{"requests":[{{string.Join(',', requests)}}]}""", expected);

        if (expected == HttpStatusCode.BadRequest)
        {
            Assert.Equal(
                $"requests holds {count} requests; the limit is 20 (Batch:Dialects:Graph:MaxRequests).", reply.Message());
        }
    }

    [Theory]
    [InlineData("""{"url":"/json"}""", "method is required.")]
    [InlineData("""{"method":"GET"}""", "url is required.")]
    [InlineData("""{"method":"GET","url":""}""", "url is required.")]
    [InlineData("""{"method":"GET","url":5}""", "url must be a string.")]
    [InlineData("""{"method":"GET","url":"/\ud800"}""", "url is not valid Unicode.")]
    [InlineData("""{"method":"BREW","url":"/json"}""", "method must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS.")]
    [InlineData("""{"method":"GET","url":"/json","headers":[]}""", "headers must be an object of strings.")]
    [InlineData("""{"method":"GET","url":"/json","headers":{"X-A":1}}""", "headers[X-A] must be a string.")]
    [InlineData("""{"method":"GET","url":"/json","headers":{"X-A":"1","X-A":"2"}}""", "headers[X-A] is given twice.")]
    [InlineData("""{"method":"GET","url":"/json","headers":{"Host":"x"}}""", "headers[Host] can't be set: it belongs to the connection or to the gateway.")]
    [InlineData("""{"method":"POST","url":"/json","headers":{"content-type":"image/png"},"body":{}}""", "body must be a base64 string: its content type is not application/json.")]
    [InlineData("""{"method":"POST","url":"/json","headers":{"content-type":"text/plain"},"body":"plain text"}""", "body must be base64: its content type is not application/json.")]
    [InlineData("""{"method":"GET","url":"http://127.0.0.1/json"}""", "url must be a path, not an absolute URL.")]
    [InlineData("""{"method":"GET","url":"/http://127.0.0.1/json"}""", "url must be a path, not an absolute URL.")]
    [InlineData("""{"method":"GET","url":"//127.0.0.1/json"}""", "url must not contain empty segments.")]
    [InlineData("""{"method":"GET","url":"/../json"}""", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("""{"method":"GET","url":"../json"}""", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("""{"method":"GET","url":"/a/%2e%2E/json"}""", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("""{"method":"GET","url":"/..#/json"}""", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("""{"method":"GET","url":"/a\\..\\json"}""", "url must not contain a backslash, in any encoding.")]
    [InlineData("""{"method":"GET","url":"/a\r\nX: 1"}""", "url must not contain control characters, in any encoding.")]
    public async Task Post_BadRequest_FailsAlone(string request, string message)
    {
        var replies = await fixture.Gateway.RunAsync(
            """{"id":"before","method":"GET","url":"/json"}""",
            $$"""{"id":"bad",{{request[1..]}}""",
            """{"id":"after","method":"GET","url":"/json"}""");

        Assert.Equal([200, 400, 200], replies.Values.Select(reply => reply.Status()));
        Assert.Equal(message, replies["bad"].Message());
        Assert.Equal("application/json", replies["bad"].GetProperty("headers").GetProperty("content-type").GetString());
    }

    [Theory]
    [InlineData("/$batch")]
    [InlineData("$batch")]
    [InlineData("/%24batch")]
    [InlineData("/%2524BATCH?x")]
    [InlineData("/$batch/x")]
    [InlineData("/$batch;a=1")]
    public async Task Post_BatchInABatch_IsRefused(string url)
    {
        var replies = await fixture.Gateway.RunAsync($$"""{"id":"1","method":"POST","url":{{JsonSerializer.Serialize(url)}}}""");

        Assert.Equal(400, replies["1"].Status());
        Assert.Contains("a batch can't be a call", replies["1"].Message(), StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.Api.Calls, call => call.Target.Contains("batch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Post_LongUrl_IsRefused()
    {
        var replies = await fixture.Gateway.RunAsync(
            $$"""{"id":"1","method":"GET","url":"/{{new string(' ', 9_000)}}"}""",
            $$"""{"id":"2","method":"GET","url":"/json?q={{new string(' ', 4_000)}}"}""");

        Assert.All(replies.Values, reply => Assert.Contains("is longer than 8192 characters", reply.Message(), StringComparison.Ordinal));
    }
}
