using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Submission;

public sealed class SubmitTests
{
    [Fact]
    public async Task Post_GoodBatch_RepliesWithTheBatchInTheOrderGiven()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(_ => gate.Task);
        await using var gateway = await Gateway.StartAsync(api);
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        var reply = (await gateway.Rest.PostAsync(
            """
            [{"path": "api/v0/items", "method": "get", "params":
              {"sort":"changed","limit":250,"deep":true,"ratio":0.5,"list":[1,"2"],"map":{"a":null},"none":null}, "spawner": false, "cache": 3},
             {"path": "/api/v0/lists/7?x=1", "method": "Put", "body": {"name": "new"}, "headers": {"X-Trace": "1"}},
             {"path": "api/v0/lists", "method": null, "params": null, "offset": 5}]
            """)).Success();

        Assert.Equal("application/json", reply.ContentHeaders.ContentType?.MediaType);
        var id = reply.Batch.GetProperty("id").GetString();
        var created = reply.Batch.GetProperty("created").GetInt64();
        Assert.InRange(created, before, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        var ids = reply.Requests.Select(request => request.GetProperty("id").GetString()).ToArray();
        Assert.Equal(
            $$$"""
            {"Batch":{"id":"{{{id}}}","created":{{{created}}},"totalRequests":3,"runningRequests":3,
            "failedRequests":0,"state":"RUNNING","Requests":[
            {"id":"{{{ids[0]}}}","spawnedBy":{{{id}}},"created":{{{created}}},"done":false,"path":"api/v0/items",
            "method":"GET","params":{"sort":"changed","limit":250,"deep":true,"ratio":0.5,"list":[1,"2"],
            "map":{"a":null},"none":null}},
            {"id":"{{{ids[1]}}}","spawnedBy":{{{id}}},"created":{{{created}}},"done":false,
            "path":"/api/v0/lists/7?x=1","method":"PUT"},
            {"id":"{{{ids[2]}}}","spawnedBy":{{{id}}},"created":{{{created}}},"done":false,"path":"api/v0/lists",
            "method":"GET"}]},"statusCode":200}
            """.ReplaceLineEndings(""),
            reply.Text);
        gate.SetResult();
    }

    [Fact]
    public async Task Post_ManyBatches_IdsAre16DigitsAndUnique()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var ids = new HashSet<string>();
        for (var i = 0; i < 20; i++)
        {
            var batch = await gateway.Rest.SubmitPathsAsync(Enumerable.Range(0, 50).Select(n => $"x/{n}"));
            Assert.All([batch.Id, .. batch.RequestIds], id =>
            {
                Assert.Matches("^[0-9]{16}$", id);
                Assert.InRange(long.Parse(id, CultureInfo.InvariantCulture), 1, (1L << 53) - 1);
                Assert.True(ids.Add(id), $"{id} was given twice");
            });
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData("no media type")]
    public async Task Post_AnyContentType_IsReadAsJson(string? contentType)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var content = new ByteArrayContent("""[{"path": "x"}]"""u8.ToArray());
        if (contentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        var reply = await gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);

        Assert.Single(reply.Success().Requests);
    }

    [Fact]
    public async Task AnyCall_TrailingSlash_IsTheSame()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync("""[{"path": "x"}]""", "/api/v0/batch/")).Success();

        var path = $"/api/v0/batch/{reply.Batch.GetProperty("id").GetString()}";
        (await gateway.Rest.GetAsync($"{path}/status/")).Success();
        (await gateway.Rest.GetAsync($"{path}/results/")).Success();
        (await gateway.Rest.GetAsync($"{path}/?after=0")).Success();
        (await gateway.Rest.GetAsync("/api/v0/batch/")).Success();
        (await gateway.Rest.PostAsync("", $"{path}/cancel/")).Success();
        (await gateway.Rest.SendAsync(HttpMethod.Delete, $"{path}/")).Success();
    }

    [Fact]
    public async Task Post_GzipBody_IsAccepted()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var content = Compressed.Gzip("""[{"path": "x"}, {"path": "y"}]"""u8);

        var reply = await gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);

        Assert.Equal(["x", "y"], reply.Success().Requests.Select(request => request.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Get_AcceptEncodingGzip_RepliesCompressed()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Get, gateway.Address + batch.Path);
        message.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));

        using var response = await http.SendAsync(message);

        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        await using var body = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var json = await JsonDocument.ParseAsync(body);
        Assert.Equal(
            """{"path":"/x"}""",
            json.RootElement.GetProperty("Batch").GetProperty("Requests")[0].GetProperty("response").GetRawText());
    }

    [Theory]
    // Paths, with and without a leading slash and a query of their own.
    [InlineData("""{"path":"x"}""", "GET", "/x", "")]
    [InlineData("""{"path":"/x"}""", "GET", "/x", "")]
    [InlineData("""{"path":"x/"}""", "GET", "/x/", "")]
    [InlineData("""{"path":"x?a=1"}""", "GET", "/x?a=1", "")]
    [InlineData("""{"path":"x?a=1","params":{"b":2}}""", "GET", "/x?a=1&b=2", "")]
    [InlineData("""{"path":"x%20y/%2Bz"}""", "GET", "/x%20y/%2Bz", "")]
    [InlineData("""{"path":"gr\u00fcn?q=\u20ac"}""", "GET", "/gr%C3%BCn?q=%E2%82%AC", "")]
    [InlineData("""{"path":"x?q=..%2F..&u=http://other/"}""", "GET", "/x?q=..%2F..&u=http://other/", "")]
    // Params become the query, whatever the method.
    [InlineData("""{"path":"x","params":{"s":"a b&c=d","n":250,"f":0.25}}""", "GET", "/x?s=a%20b%26c%3Dd&n=250&f=0.25", "")]
    [InlineData("""{"path":"x","params":{"t":true,"f":false}}""", "GET", "/x?t=true&f=false", "")]
    [InlineData("""{"path":"x","params":{"a":[1,"b",true]}}""", "GET", "/x?a=1&a=b&a=true", "")]
    [InlineData("""{"path":"x","params":{"z":null,"e":"","y":[]}}""", "GET", "/x?e=", "")]
    [InlineData("""{"path":"x","params":{"big":12345678901234567890}}""", "GET", "/x?big=12345678901234567890", "")]
    [InlineData("""{"path":"x","params":{"odd":9007199254740993}}""", "GET", "/x?odd=9007199254740993", "")]
    [InlineData("""{"path":"x","method":"delete","params":{"a":1}}""", "DELETE", "/x?a=1", "")]
    [InlineData("""{"path":"x","method":"POST","params":{"a":1}}""", "POST", "/x?a=1", "")]
    // Bodies.
    [InlineData("""{"path":"x","method":"PUT","body":{"n": 1.10,  "s":"\u00fc"}}""", "PUT", "/x", """{"n": 1.10,  "s":"\u00fc"}""")]
    [InlineData("""{"path":"x","method":"POST","body":[1, 2]}""", "POST", "/x", "[1, 2]")]
    [InlineData("""{"path":"x","method":"POST","body":false}""", "POST", "/x", "false")]
    [InlineData("""{"path":"x","method":"POST","body":"a=1&b=2"}""", "POST", "/x", "a=1&b=2")]
    [InlineData("""{"path":"x","method":"PATCH","params":[{"id": 1}]}""", "PATCH", "/x", """[{"id": 1}]""")]
    [InlineData("""{"path":"x","method":"OPTIONS"}""", "OPTIONS", "/x", "")]
    [InlineData("""{"path":"x","method":"HEAD"}""", "HEAD", "/x", "")]
    public async Task Post_Request_IsSentLikeThis(string request, string method, string target, string body)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        await gateway.Rest.RunAsync(request);

        var sent = Assert.Single(api.Requests);
        Assert.Equal(method, sent.Method);
        Assert.Equal(target, sent.Target);
        Assert.Equal(body, Encoding.UTF8.GetString(sent.Body));
        Assert.Equal(body.Length > 0 ? "application/json" : null, sent.Headers.GetValueOrDefault("Content-Type"));
    }

    [Fact]
    public async Task Post_ObjectAsParam_IsSentAsJsonText()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        await gateway.Rest.RunAsync("""{"path":"x","params":{"filter":{"a":[1,2],"b":"c"}}}""");

        var query = Uri.UnescapeDataString(Assert.Single(api.Requests).Target.Split("filter=")[1]);
        Assert.True(JsonElement.DeepEquals(
            JsonDocument.Parse("""{"a":[1,2],"b":"c"}""").RootElement, JsonDocument.Parse(query).RootElement));
    }

    [Fact]
    public async Task Post_Headers_AreSent()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        await gateway.Rest.RunAsync(
            """
            {"path": "x", "method": "POST", "body": "<a/>",
             "headers": {"Content-Type": "application/xml", "X-Trace": "1", "Accept": "text/html"}}
            """);

        var sent = Assert.Single(api.Requests);
        Assert.Equal("application/xml", sent.Headers["Content-Type"]);
        Assert.Equal("1", sent.Headers["X-Trace"]);
        Assert.Equal("text/html", sent.Headers["Accept"]);
    }

    [Fact]
    public async Task Post_EveryMethod_EchoesItInUpperCase()
    {
        string[] methods = ["get", "Post", "PUT", "patch", "delete", "hEAD", "options"];
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync(
            $"[{string.Join(",", methods.Select(method => $$"""{"path":"x","method":"{{method}}"}"""))}]")).Success();

        Assert.Equal(
            ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
            reply.Requests.Select(request => request.GetProperty("method").GetString()));
    }
}
