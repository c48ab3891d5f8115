using System.Net;
using System.Text;
using System.Text.Json;

namespace Batching.Server.Tests.Keyed;

/// <summary>What is wrong with a batch, or with one of its calls.</summary>
[Collection(SharedKeyedGateway.Name)]
public sealed class BadBatchTests(KeyedFixture fixture)
{
    [Theory]
    [InlineData("", "body must be a JSON object of calls, but is empty.")]
    [InlineData("nonsense", "body is not valid JSON at line 1, byte 2.")]
    [InlineData("{\"a\": \"/x\"\n,}", "body is not valid JSON at line 2, byte 2.")]
    [InlineData("""{"a": "/x"} {}""", "body is not valid JSON at line 1, byte 13.")]
    [InlineData("""["/x"]""", "body must be a JSON object of calls, not an array.")]
    [InlineData("5", "body must be a JSON object of calls, not a single value.")]
    [InlineData("""{"a": "/x", "b": "/y", "a": "/z"}""", "'a' is a key that comes twice.")]
    [InlineData("""{"a": "/x", "\u0061": "/z"}""", "'a' is a key that comes twice.")]
    [InlineData("""{"requests": {"a": "/x", "a": "/z"}}""", "'a' is a key that comes twice.")]
    [InlineData("""{"requests": [], "requests": []}""", "'requests' is a key that comes twice.")]
    [InlineData("""{"\ud800": "/a"}""", "body holds a string that is not valid Unicode.")]
    public async Task Post_BadBody_IsRefusedWhole(string body, string message)
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync(body, HttpStatusCode.BadRequest));

        Assert.Equal(message, reply.GetProperty("message").GetString());
        Assert.Equal(400, reply.GetProperty("status").GetInt32());
        Assert.Equal("invalid_argument", reply.GetProperty("code").GetString());
        Assert.NotEmpty(reply.GetProperty("errors")[0].GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData(100, HttpStatusCode.OK)]
    [InlineData(101, HttpStatusCode.BadRequest)]
    public async Task Post_ManyCalls_AreRefusedBeyondTheLimit(int count, HttpStatusCode expected)
    {
        var body = "{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\": \"/text\"")) + "}";
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync(body, expected));

        if (expected == HttpStatusCode.OK)
        {
            Assert.Equal(count, reply.EnumerateObject().Count(entry => entry.Value.Status() == 200));
        }
        else
        {
            Assert.Equal("calls holds 101 calls; the limit is 100.", reply.GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task Post_33MiB_Is413()
    {
        var body = $$$"""{"a": {"url": "/text", "method": "POST", "payload": "{{{new string('x', 33 << 20)}}}"}}""";
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync(body, HttpStatusCode.RequestEntityTooLarge));

        Assert.Equal(413, reply.GetProperty("status").GetInt32());
        Assert.Contains("33554432", reply.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "get is required")]
    [InlineData("?other=1", "get is required")]
    [InlineData("?get=", "get is required")]
    [InlineData("?get=/a&get[b]=/c", "not both")]
    [InlineData("?get[b]=/c&get=/a", "not both")]
    [InlineData("?get[a]=/x&get[a]=/y", "'a' is a key that comes twice")]
    [InlineData("?get[a][url]=/x&get[a][url]=/y", "is given twice")]
    public async Task Get_BadQuery_IsRefusedWhole(string query, string message)
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.GetAsync(query, HttpStatusCode.BadRequest));

        Assert.Contains(message, reply.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5", "call must be a URL, or an object with one.")]
    [InlineData("null", "call must be a URL, or an object with one.")]
    [InlineData("""["/text"]""", "call must be a URL, or an object with one.")]
    [InlineData("{}", "url is required.")]
    [InlineData("\"\"", "url is required.")]
    [InlineData("""{"method": "GET"}""", "url is required.")]
    [InlineData("""{"url": 5}""", "url must be a string.")]
    [InlineData("""{"url": "/text", "method": "BREW"}""", "method must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS.")]
    [InlineData("""{"url": "/text", "payload": 1, "data": 2}""", "data must not be given beside payload: both are the body.")]
    [InlineData("""{"url": "/text", "params": [1]}""", "params must be an object.")]
    [InlineData("""{"url": "/text", "headers": {"X-A": 1}}""", "headers[X-A] must be a string.")]
    [InlineData("""{"url": "/text", "headers": {"X-A": "1", "x-a": "2"}}""", "headers[x-a] is given twice: names of fields are the same in any case.")]
    [InlineData("""{"url": "/text", "headers": {"X-A": "1", "X-A": "2"}}""", "headers[X-A] is given twice.")]
    [InlineData("""{"url": "/text", "headers": {"Host": "elsewhere"}}""", "headers[Host] can't be set: it belongs to the connection or to the gateway.")]
    [InlineData("\"/../text\"", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("\"../../text\"", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("\"/%2e%2e/text\"", "url must not contain the segments . and .., in any encoding.")]
    [InlineData("\"http://127.0.0.1/text\"", "url must be a path, not an absolute URL.")]
    [InlineData("\"//127.0.0.1/text\"", "url must not contain empty segments.")]
    [InlineData("\"/te xt\"", "url must not contain white space or control characters.")]
    public async Task Post_BadCall_FailsAlone(string call, string message)
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync($$"""{"before": "/text", "bad": {{call}}, "after": "/text"}"""));

        Assert.Equal(["before", "bad", "after"], reply.EnumerateObject().Select(entry => entry.Name));
        Assert.Equal(200, reply.GetProperty("before").Status());
        Assert.Equal(200, reply.GetProperty("after").Status());
        var bad = reply.GetProperty("bad");
        Assert.Equal(400, bad.Status());
        Assert.Equal(400, bad.GetProperty("headers").GetProperty("status-code").GetInt32());
        Assert.Equal(400, bad.GetProperty("data").GetProperty("status").GetInt32());
        Assert.Equal("invalid_argument", bad.Code());
        Assert.Equal(message, bad.Message());
    }

    [Theory]
    [InlineData("/api/v2/batch")]
    [InlineData("/api/v0/batch")]
    [InlineData("batch")]
    [InlineData("batch/")]
    [InlineData("?get[a]=/text")]
    [InlineData("batch?get[a]=/text")]
    [InlineData("/api/v0/batch/5883192233295872/status")]
    [InlineData("/API/V2/Batch")]
    [InlineData("/api/v2/%62atch")]
    [InlineData("/api/v2/%2562atch")]
    [InlineData("/api%2Fv2%2Fbatch")]
    [InlineData("/api;a=1/v2;b/batch;c=3")]
    [InlineData("/batch.v1.KeyedBatchService/RunBatch")]
    public async Task Post_BatchInABatch_IsRefused(string url)
    {
        var seen = fixture.Api.Calls.Count(call => call.Target.Contains("atch", StringComparison.OrdinalIgnoreCase));
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync($$"""{"a": {{JsonSerializer.Serialize(url)}}, "b": "/text"}"""));

        Assert.Equal(400, reply.GetProperty("a").Status());
        Assert.Contains("a batch can't be a call", reply.GetProperty("a").Message(), StringComparison.Ordinal);
        Assert.Equal(200, reply.GetProperty("b").Status());
        Assert.Equal(seen, fixture.Api.Calls.Count(call => call.Target.Contains("atch", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("/api/v2/batches")]
    [InlineData("/api/v1/batch")]
    [InlineData("/x/api/v2/batch")]
    [InlineData("/text?url=/api/v2/batch")]
    public async Task Post_OtherPath_IsNoBatch(string url)
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.PostAsync($$"""{"a": "{{url}}"}"""));

        Assert.NotEqual(400, reply.GetProperty("a").Status());
    }

    [Theory]
    [InlineData("get[a][method]=POST", "method must be GET in a query: send the batch with POST.")]
    [InlineData("get[a][method]=delete", "method must be GET in a query: send the batch with POST.")]
    [InlineData("get[a][payload]=1", "payload can't be given in a query: send the batch with POST.")]
    [InlineData("get[a][headers][X-A]=1", "headers can't be given in a query: send the batch with POST.")]
    public async Task Get_AnythingButAGet_IsRefused(string parameter, string message)
    {
        var reply = KeyedReplies.Parse(await fixture.Gateway.GetAsync($"?get[a][url]=/unsafe&{parameter}&get[b]=/text"));

        Assert.Equal(400, reply.GetProperty("a").Status());
        Assert.Equal(message, reply.GetProperty("a").Message());
        Assert.Equal(200, reply.GetProperty("b").Status());
        Assert.DoesNotContain(fixture.Api.Calls, call => call.Target.StartsWith("/unsafe", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_BadCallInTheEnvelope_IsTheEntryItself()
    {
        var reply = await fixture.Gateway.PostAsync("""{"requests": [5]}""");

        Assert.Equal(
            """{"responses":[{"headers":{"response_code":400,"status-code":400},"status":400,"code":"invalid_argument","message":"call must be a URL, or an object with one."}]}""",
            reply);
    }

    [Fact]
    public async Task Post_UnknownPath_Is404InTheFormOfV2()
    {
        using var response = await fixture.Gateway.Client.PostAsync("/api/v2/nothing", new StringContent("{}", Encoding.UTF8));

        Assert.Equal(
            """{"status":404,"code":"not_found","message":"There is nothing at this path."}""",
            await response.Content.ReadAsStringAsync());
    }
}
