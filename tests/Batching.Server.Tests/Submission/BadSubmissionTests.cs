using System.Net.Sockets;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>What is refused as it comes in over REST: named, and nothing of it stored.</summary>
public sealed class BadSubmissionTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly Gateway _gateway = fixture.Gateway;

    [Theory]
    // No array.
    [InlineData("", "body", "the body is empty")]
    [InlineData("  ", "body", "is not valid JSON")]
    [InlineData("{}", "body", "must be a JSON array")]
    [InlineData("""{"requests": [{"path": "x"}]}""", "body", "must be a JSON array")]
    [InlineData("\"x\"", "body", "must be a JSON array")]
    [InlineData("null", "body", "must be a JSON array")]
    [InlineData("[", "body", "is not valid JSON at line 1")]
    [InlineData("[{\"path\": \"x\"},\n]", "body", "is not valid JSON at line 2")]
    [InlineData("""[{"path": "x"}] and more""", "body", "is not valid JSON")]
    [InlineData("path=x", "body", "is not valid JSON")]
    [InlineData("""[{"path": "\ud800"}]""", "body", "is not valid Unicode")]
    // An empty array.
    [InlineData("[]", "body", "must hold at least one request")]
    // Not a request.
    [InlineData("[1]", "[0]", "must be an object")]
    [InlineData("""[{"path": "x"}, null]""", "[1]", "must be an object")]
    // No path.
    [InlineData("[{}]", "[0].path", "is required")]
    [InlineData("""[{"path": ""}]""", "[0].path", "is required")]
    [InlineData("""[{"path": null}]""", "[0].path", "is required")]
    [InlineData("""[{"path": 7}]""", "[0].path", "must be a string")]
    // Methods.
    [InlineData("""[{"path": "x"}, {"path": "x", "method": "FETCH"}]""", "[1].method", "must be one of GET")]
    [InlineData("""[{"path": "x", "method": "CONNECT"}]""", "[0].method", "must be one of GET")]
    [InlineData("""[{"path": "x", "method": "TRACE"}]""", "[0].method", "must be one of GET")]
    [InlineData("""[{"path": "x", "method": "GET\r\n"}]""", "[0].method", "must be one of GET")]
    [InlineData("""[{"path": "x", "method": 1}]""", "[0].method", "must be a string")]
    // Params, body, headers.
    [InlineData("""[{"path": "x", "params": "a=1"}]""", "[0].params", "must be an object")]
    [InlineData("""[{"path": "x", "params": [1], "body": 2}]""", "[0].body", "is given twice")]
    [InlineData("""[{"path": "x", "headers": ["X-A: 1"]}]""", "[0].headers", "must be an object")]
    [InlineData("""[{"path": "x", "headers": {"X-A": 1}}]""", "[0].headers[X-A]", "must be a string")]
    [InlineData("""[{"path": "x", "headers": {"X A": "1"}}]""", "[0].headers[X A]", "is not the name")]
    [InlineData("""[{"path": "x", "headers": {"X-A": "1\r\nX-B: 2"}}]""", "[0].headers[X-A]", "must not contain CR")]
    [InlineData("""[{"path": "x", "headers": {"host": "other"}}]""", "[0].headers[host]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"Authorization": "Basic eA=="}}]""", "[0].headers[Authorization]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"Content-Length": "1"}}]""", "[0].headers[Content-Length]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"Transfer-Encoding": "chunked"}}]""", "[0].headers[Transfer-Encoding]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"Connection": "close"}}]""", "[0].headers[Connection]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"Proxy-Authorization": "x"}}]""", "[0].headers[Proxy-Authorization]", "can't be set")]
    [InlineData("""[{"path": "x", "headers": {"X-Forwarded-For": "1.1.1.1"}}]""", "[0].headers[X-Forwarded-For]", "can't be set")]
    [InlineData("""[{"path": "x", "spawner": "yes"}]""", "[0].spawner", "must be true or false")]
    public async Task Post_BadBatch_IsRefusedAndNamesTheField(string body, string field, string message)
    {
        var reply = (await _gateway.Rest.PostAsync(body)).Error(400, "INVALID_ARGUMENT");

        Assert.Equal([field], reply.ErrorFields);
        Assert.Contains(
            message, reply.Json.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(message, reply.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["message", "statusCode", "error", "errors"],
            reply.Json.EnumerateObject().Select(property => property.Name));
        await AssertNoTraceAsync();
    }

    [Theory]
    [InlineData("http://other.example/x")]
    [InlineData("HTTPS://other.example/x")]
    [InlineData("//other.example/x")]
    [InlineData("/%2Fother.example/x")]
    [InlineData("%2F%2Fother.example/x")]
    [InlineData("\\\\other.example\\x")]
    [InlineData("/\\other.example/x")]
    [InlineData("%5C%5Cother.example/x")]
    [InlineData("user@other.example/x")]
    [InlineData("user:password@other.example")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("/x/../../y")]
    [InlineData("x/..")]
    [InlineData("./x")]
    [InlineData("x/%2e%2e/y")]
    [InlineData("x/%2E./y")]
    [InlineData("x%2F..%2Fy")]
    [InlineData("x/%252e%252e/y")]
    [InlineData("x/%25252e%25252e/y")]
    [InlineData("x/..;a=b/y")]
    [InlineData("x/..%5Cy")]
    [InlineData("x/%c0%ae%c0%ae/y")]
    [InlineData("x//y")]
    [InlineData("x y")]
    [InlineData("x\ty")]
    [InlineData("x\r\nHost: other")]
    [InlineData("x%0d%0aHost:%20other")]
    [InlineData("x%00")]
    [InlineData("x\u0000")]
    [InlineData("x#fragment")]
    [InlineData("x%")]
    [InlineData("x%zz")]
    [InlineData(" x")]
    public async Task Post_PathThatLeavesTheUpstream_IsRefused(string path)
    {
        var json = System.Text.Json.JsonSerializer.Serialize(path);

        var reply = (await _gateway.Rest.PostAsync($$"""[{"path": "ok"}, {"path": {{json}}}]"""))
            .Error(400, "INVALID_ARGUMENT");

        Assert.Equal(["[1].path"], reply.ErrorFields);
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_SeveralProblems_NamesThemAll()
    {
        var reply = (await _gateway.Rest.PostAsync(
            """
            [{"path": "x"}, {"method": "NO", "spawner": 1}, 7,
             {"path": "../x", "headers": {"Host": "h", "Via": "v"}, "params": 1}]
            """)).Error(400, "INVALID_ARGUMENT");

        Assert.Equal(
            [
                "[1].method", "[1].path", "[1].spawner", "[2]", "[3].headers[Host]", "[3].headers[Via]", "[3].params",
                "[3].path",
            ],
            reply.ErrorFields.Order(StringComparer.Ordinal));
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_MoreThan100Problems_Names100()
    {
        var reply = (await _gateway.Rest.PostAsync($"[{string.Join(",", Enumerable.Repeat("{}", 150))}]"))
            .Error(400, "INVALID_ARGUMENT");

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"[{i}].path"), reply.ErrorFields);
        Assert.Contains(
            "150 fields are wrong, of which the first 100 are named; the first: [0].path is", reply.Text, StringComparison.Ordinal);
        await AssertNoTraceAsync();
    }

    // What a trailer of gRPC has no room for is not told over REST either.
    [Fact]
    public async Task Post_MoreProblemsThanAnErrorHolds_NamesTheSameAsGrpc()
    {
        const string path = "a/../b";
        var reply = (await _gateway.Rest.PostAsync($"[{string.Join(",", Enumerable.Repeat($$"""{"path": "{{path}}"}""", 150))}]"))
            .Error(400, "INVALID_ARGUMENT");
        var request = new CreateBatchRequest { Requests = { Enumerable.Range(0, 150).Select(_ => new Request { Path = path }) } };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.CreateBatchAsync(request));

        var details = error.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!;
        Assert.Equal(details.FieldViolations.Select(violation => violation.Field), reply.ErrorFields.Select(field => "requests" + field));
        var count = $"150 fields are wrong, of which the first {details.FieldViolations.Count} are named; the first: ";
        Assert.StartsWith(count, error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(count, reply.Text, StringComparison.Ordinal);
        await AssertNoTraceAsync();
    }

    [Theory]
    [InlineData("""{"X-A": "1", "x-a": "2"}""")]
    [InlineData("""{"X-A": "1", "X-A": "1"}""")]
    public async Task Post_HeaderGivenTwice_IsNamed(string headers)
    {
        var reply = (await _gateway.Rest.PostAsync($$"""[{"path": "x", "headers": {{headers}}}]"""))
            .Error(400, "INVALID_ARGUMENT");

        Assert.Equal("[0].headers[x-a]", Assert.Single(reply.ErrorFields), ignoreCase: true);
        Assert.Contains("is given twice", reply.Text, StringComparison.Ordinal);
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_MoreThan10000Requests_IsRefused()
    {
        var reply = (await _gateway.Rest.PostAsync(
            $"[{string.Join(",", Enumerable.Repeat("""{"path":"x"}""", 10_001))}]")).Error(400, "INVALID_ARGUMENT");

        Assert.Equal(["body"], reply.ErrorFields);
        Assert.Contains("10001", reply.Text, StringComparison.Ordinal);
        Assert.Contains("the limit is 10000", reply.Text, StringComparison.Ordinal);
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_BodyOver32MiB_Is413()
    {
        using var content = new ByteArrayContent(Big(32 * 1024 * 1024 + 1));

        var reply = await _gateway.Rest.SendAsync(
            HttpMethod.Post, RestClient.BatchPath, content, headers => headers.ExpectContinue = true);

        reply.Error(413, "RESOURCE_EXHAUSTED");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_BodyOver32MiBInChunks_Is413()
    {
        using var content = new ByteArrayContent(Big(32 * 1024 * 1024 + 1));

        var reply = await _gateway.Rest.SendAsync(
            HttpMethod.Post, RestClient.BatchPath, content, headers => headers.TransferEncodingChunked = true);

        reply.Error(413, "RESOURCE_EXHAUSTED");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_GzipBodyOver32MiBDecompressed_Is413()
    {
        using var content = Compressed.Gzip(Big(32 * 1024 * 1024 + 1));

        var reply = await _gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);

        reply.Error(413, "RESOURCE_EXHAUSTED");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_BodyThatIsNoGzip_IsRefused()
    {
        using var content = new StringContent("""[{"path": "x"}]""");
        content.Headers.ContentEncoding.Add("gzip");

        var reply = await _gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);

        reply.Error(400, "INVALID_ARGUMENT");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_UnknownContentEncoding_Is415()
    {
        using var content = new StringContent("""[{"path": "x"}]""");
        content.Headers.ContentEncoding.Add("zstd");

        var reply = await _gateway.Rest.SendAsync(HttpMethod.Post, RestClient.BatchPath, content);

        reply.Error(415, "INVALID_ARGUMENT");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_ClientGoesInTheMiddleOfTheBody_StoresNothing()
    {
        using (var client = new TcpClient())
        {
            var address = new Uri(_gateway.Address);
            await client.ConnectAsync(address.Host, address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                "POST /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[{\"path\": \"x\"}]"));
        }

        await Eventually.BeTrueAsync(
            () => _gateway.Logs.All.Any(text => text.Contains("ClientGone", StringComparison.Ordinal)
                || text.Contains("Unexpected end of request content", StringComparison.Ordinal)),
            "the gateway has noticed");
        await AssertNoTraceAsync();
    }

    [Fact]
    public async Task Post_SuppressResponseCodes_RepliesWithHttp200AndTheSameBody()
    {
        var plain = await _gateway.Rest.PostAsync("[]");
        var suppressed = await _gateway.Rest.PostAsync("[]", "/api/v0/batch?suppress_response_codes=true");

        Assert.Equal(400, plain.Status);
        Assert.Equal(200, suppressed.Status);
        Assert.Equal(plain.Text, suppressed.Text);
        await AssertNoTraceAsync();
    }

    // JSON that would be a good batch if it were shorter.
    private static byte[] Big(int length)
    {
        var json = new byte[length];
        Array.Fill(json, (byte)' ');
        Encoding.ASCII.GetBytes("""[{"path":"x"}]""").CopyTo(json, 0);
        return json;
    }

    private async Task AssertNoTraceAsync()
    {
        await _gateway.AssertNothingStoredAsync();
        Assert.Empty(_gateway.Logs.Errors);
        Assert.Empty(fixture.Api.Requests);
    }
}
