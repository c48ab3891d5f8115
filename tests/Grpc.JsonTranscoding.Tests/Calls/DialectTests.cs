using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Grpc.AspNetCore.JsonTranscoding;
using Grpc.JsonTranscoding.Tests.Infrastructure;

namespace Grpc.JsonTranscoding.Tests.Calls;

public sealed class DialectTests
{
    [Theory]
    [InlineData("GET", "/old/list?text=a&texts=1,2&texts=3", null, 200, """{"text":"a","texts":[1,2,3]}""")]
    [InlineData("GET", "/old/list/?text=a", null, 200, """{"text":"a","texts":[]}""")]
    [InlineData("POST", "/old/list?text=a&texts=ignored", "[\"1\"]", 200, """{"text":"a","texts":[1]}""")]
    [InlineData("POST", "/old/list", "", 400, """{"statusCode":400,"message":"[0]: one","details":2}""")]
    [InlineData("POST", "/old/list", "{}", 400, """{"statusCode":400,"message":"texts: An array was expected.","details":1}""")]
    [InlineData("GET", "/old/list?count=x", null, 400, """{"statusCode":400,"message":"count: The value is not a number.","details":1}""")]
    [InlineData("GET", "/old/list?count=x&suppress=true", null, 200, """{"statusCode":400,"message":"count: The value is not a number.","details":1}""")]
    [InlineData("GET", "/old/list?fail_code=5&fail_message=no", null, 404, """{"statusCode":404,"message":"no","details":0}""")]
    [InlineData("GET", "/old/list?fail_code=5&suppress=true", null, 200, """{"statusCode":404,"message":"","details":0}""")]
    [InlineData("GET", "/old", null, 404, """{"statusCode":404,"message":"There is nothing at this path.","details":0}""")]
    [InlineData("GET", "/old/x/y/z", null, 404, """{"statusCode":404,"message":"There is nothing at this path.","details":0}""")]
    [InlineData("GET", "/old/x?suppress=true", null, 200, """{"statusCode":404,"message":"There is nothing at this path.","details":0}""")]
    [InlineData("DELETE", "/old/list", null, 405, """{"statusCode":405,"message":"The method DELETE is not allowed at this path.","details":0}""")]
    [InlineData("POST", "/old/watch", null, 405, """{"statusCode":405,"message":"The method POST is not allowed at this path.","details":0}""")]
    [InlineData("GET", "/older/x", null, 404, "")]
    [InlineData("DELETE", "/v1/query", null, 405, """{"code":12,"message":"The method DELETE is not allowed at this path.","details":[]}""")]
    [InlineData("GET", "/old/watch?count=2", null, 200, "{   \"i\":  0}\n{   \"i\":  1}\n")]
    [InlineData("GET", "/old/watch?count=1&fail_code=5&fail_message=no", null, 200, "{   \"i\":  0}\n\"no\"\n")]
    [InlineData("GET", "/old/watch?fail_code=5&fail_message=no", null, 404, """{"statusCode":404,"message":"no","details":0}""")]
    public async Task Send_PathOfDialect_TakesItsForm(string method, string target, string? body, int expectedStatus, string expected)
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        foreach (var client in new[] { server.Http1, server.Http2 })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), target);
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            if (body is not null)
            {
                request.Content = new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded");
            }

            using var response = await client.SendAsync(request);

            Assert.Equal(expected, await response.Content.ReadAsStringAsync());
            Assert.Equal(expectedStatus, (int)response.StatusCode);
            Assert.Equal(expectedStatus == 405, response.Content.Headers.Allow.Count > 0);
        }

        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Send_ServiceOfDialect_TakesItsForm()
    {
        await using var server = await StartAsync(o => o.Dialects.AddService("transcoding.test.v1.Dialected", new OldDialect()));

        Assert.Equal("""{"text":"","texts":[7]}""", await server.Http1.GetStringAsync("/old/list?texts=7"));
        Assert.Equal("""{"text":"x"}""", await server.Http1.GetStringAsync("/v1/calls/unary?text=x"));
    }

    [Fact]
    public async Task Send_BodyBeyondTheDialectsLimit_IsRefusedInItsForm()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        using var content = new ByteArrayContent(new byte[1001]);
        using var response = await server.Http1.PostAsync("/old/list", content);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal(
            """{"statusCode":413,"message":"The body is longer than 1000 bytes.","details":0}""",
            await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Send_DialectThrowsBeforeAnythingIsSent_IsAnErrorReply()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        using var response = await server.Http1.GetAsync("/old/list?text=throw");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(
            """{"statusCode":500,"message":"The reply can't be written as JSON.","details":0}""",
            await response.Content.ReadAsStringAsync());
        Assert.Contains("written too early", Assert.Single(server.Log.Entries), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_DialectThrowsAfterAFlush_CutsTheConnection()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        foreach (var client in new[] { server.Http1, server.Http2 })
        {
            await Assert.ThrowsAsync<HttpRequestException>(() =>
                client.GetStringAsync("/old/list?texts=\"flush\",\"throw\""));
        }
    }

    [Fact]
    public async Task Send_DialectThrowsInAnError_FallsBackToThePlainForm()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        using var response = await server.Http1.GetAsync("/old/list?fail_code=5&fail_message=throw");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("""{"code":5,"message":"throw","details":[]}""", await response.Content.ReadAsStringAsync());
        Assert.Contains("an error in an error", Assert.Single(server.Log.Entries), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_StreamFailsAndTheDialectHasNoRecordForIt_CutsTheConnection()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        foreach (var client in new[] { server.Http1, server.Http2 })
        {
            await Assert.ThrowsAsync<HttpRequestException>(() =>
                client.GetStringAsync("/old/watch?count=1&fail_code=14"));
        }
    }

    [Fact]
    public async Task Get_EventStream_KeepsRecordsOnOneLine()
    {
        await using var server = await StartAsync(o => o.Dialects.Add("/old", new OldDialect()));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/old/watch?count=1");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await server.Http1.SendAsync(request);

        Assert.Equal("data: {   \"i\":  0}\n\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public void Add_SamePrefixTwice_Throws()
    {
        var dialects = new DialectMap();
        dialects.Add("/a/", new OldDialect());

        Assert.Throws<ArgumentException>(() => dialects.Add("/A", new OldDialect()));
        Assert.Throws<ArgumentException>(() => dialects.Add("b", new OldDialect()));
    }

    [Fact]
    public void Find_SeveralPrefixes_TakesTheLongest()
    {
        var (root, a, ab) = (new OldDialect(), new OldDialect(), new OldDialect());
        var dialects = new DialectMap();
        dialects.Add("/a", a);
        dialects.Add("/", root);
        dialects.Add("/a/b", ab);

        Assert.Same(ab, dialects.Find("/a/b/c"));
        Assert.Same(a, dialects.Find("/a/bc"));
        Assert.Same(root, dialects.Find("/ab"));
    }

    private static Task<TestServer> StartAsync(Action<JsonTranscodingOptions> configure) => TestServer.StartAsync(configure);
}
