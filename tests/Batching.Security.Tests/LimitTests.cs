using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Security.Tests;

/// <summary>What callers control has an end, and an error is never as large as what it is about.</summary>
public sealed class LimitTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly Gateway _gateway = fixture.Gateway;

    [Theory]
    [InlineData("/api/v0/batch")]
    [InlineData("/api/v1/batches")]
    [InlineData("/api/v2/batch")]
    public async Task Post_BombOfOneGigabyte_Is413AndMemoryStaysFlat(string path)
    {
        var bomb = Bomb(1L << 30);
        Assert.InRange(bomb.Length, 1, 2 << 20);
        (await PostGzipAsync(path, bomb)).Dispose();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < 3; i++)
        {
            using var response = await PostGzipAsync(path, bomb);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }

        // Three times 32 MiB stay in pooled buffers; three times 1 GiB would not.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 200L << 20);
        await _gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task CreateBatch_CompressedBomb_IsRefusedAtTheLimit()
    {
        var bomb = Bomb(1L << 28);
        byte[] frame = [1, (byte)(bomb.Length >> 24), (byte)(bomb.Length >> 16), (byte)(bomb.Length >> 8), (byte)bomb.Length, .. bomb];
        using var client = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
        using var message = new HttpRequestMessage(HttpMethod.Post, "/batch.v1.BatchService/CreateBatch")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/grpc");
        message.Headers.TryAddWithoutValidation("grpc-encoding", "gzip");
        using var response = await client.SendAsync(message);
        await response.Content.ReadAsByteArrayAsync();

        var status = (response.TrailingHeaders.TryGetValues("grpc-status", out var trailer) ? trailer : response.Headers.GetValues("grpc-status")).Single();
        Assert.Equal(((int)StatusCode.ResourceExhausted).ToString(CultureInfo.InvariantCulture), status);
    }

    // Two or three bytes each, of which every one would be an object of hundreds.
    [Fact]
    public async Task CreateBatch_MillionsOfEmptyRequests_IsRefusedBeforeTheyTakeMemory()
    {
        var requests = new byte[8_000_000];
        for (var i = 0; i < requests.Length; i += 2)
        {
            requests[i] = (CreateBatchRequest.RequestsFieldNumber << 3) | 2;
        }

        await AssertTakesLittleAsync(async () =>
        {
            using var channel = GrpcChannel.ForAddress(_gateway.Address);
            var invoker = channel.CreateCallInvoker();
            var bytes = Marshallers.Create(value => value, value => value);
            var method = new Method<byte[], byte[]>(
                MethodType.Unary, BatchService.Descriptor.FullName, nameof(BatchService.BatchServiceBase.CreateBatch), bytes, bytes);
            var exception = await Assert.ThrowsAsync<RpcException>(
                () => invoker.AsyncUnaryCall(method, null, default, requests).ResponseAsync);
            Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
            Assert.Contains("decoded it takes more than 100663296 bytes", exception.Status.Detail, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("/api/v0/batch", "[{}", ",{}", "]")]
    [InlineData("/api/v1/batches", "{\"requests\": [{}", ",{}", "]}")]
    [InlineData("/api/v1/batches:run", "{\"calls\": [{}", ",{}", "]}")]
    public async Task Post_MillionsOfTinyValues_Is413BeforeTheyTakeMemory(string path, string start, string value, string end)
    {
        var json = $"{start}{string.Concat(Enumerable.Repeat(value, 4_000_000))}{end}";
        await AssertTakesLittleAsync(async () =>
        {
            var reply = await _gateway.Rest.SendAsync(
                HttpMethod.Post, path, new StringContent(json, mediaType: new MediaTypeHeaderValue("application/json")));
            Assert.Equal(413, reply.Status);
            Assert.Contains("decoded it takes more than 100663296 bytes", reply.Text, StringComparison.Ordinal);
        });
    }

    // Params stay the text that they are; what they make of a path ends at its limit.
    [Theory]
    [InlineData("/api/v0/batch", "[{\"path\": \"x\", \"params\": {\"a\": [1", "]}}]", 400)]
    [InlineData("/api/v2/batch", "{\"a\": {\"url\": \"x\", \"params\": {\"a\": [1", "]}}}", 200)]
    public async Task Post_MillionsOfParams_AreRefusedBeforeTheyTakeMemory(string path, string start, string end, int status)
    {
        var json = $"{start}{string.Concat(Enumerable.Repeat(",1", 2_000_000))}{end}";
        await AssertTakesLittleAsync(async () =>
        {
            var reply = await _gateway.Rest.PostAsync(json, path);
            Assert.Equal(status, reply.Status);
            Assert.Contains("has params of more than 32768 characters as JSON", reply.Text, StringComparison.Ordinal);
        });
    }

    // Nulls are not sent, so that they add nothing to a path; a name is sent once for each value of a list.
    [Theory]
    [InlineData("/api/v0/batch", "[{\"path\": \"x\", \"params\": ", "}]", 400)]
    [InlineData("/api/v0/batch", "[{\"path\": \"x\", \"spawner\": true, \"params\": ", "}]", 400)]
    [InlineData("/api/v1/batches", "{\"requests\": [{\"path\": \"x\", \"params\": ", "}]}", 400)]
    [InlineData("/api/v2/batch", "{\"a\": {\"url\": \"x\", \"params\": ", "}}", 200)]
    public async Task Post_ParamsThatAreNullOrHaveALongName_AreRefusedAndTakeLittle(
        string path, string start, string end, int status)
    {
        foreach (var (name, value, count) in new[] { ("a", "null", 500_000), ("a", "null", 9_000), (new string('n', 150_000), "1", 75_000) })
        {
            var json = $$"""{{start}}{"{{name}}": [{{string.Join(',', Enumerable.Repeat(value, count))}}]}{{end}}""";
            await AssertTakesLittleAsync(async () =>
            {
                var reply = await _gateway.Rest.SendAsync(
                    HttpMethod.Post, path, new StringContent(json, mediaType: new MediaTypeHeaderValue("application/json")));
                Assert.Equal(status, reply.Status);
                Assert.Matches("is longer than 8192 characters with its params|has params of more than 32768 characters as JSON", reply.Text);
                Assert.InRange(reply.Text.Length, 10, 2_000);
            });
        }
    }

    [Theory]
    [InlineData("/api/v0/batch", "[{\"path\": \"x\", \"method\": \"POST\", \"body\": [1", "]}]")]
    [InlineData("/api/v0/batch", "[{\"path\": \"x\", \"method\": \"POST\", \"params\": [1", "]}]")]
    [InlineData("/api/v2/batch", "{\"a\": {\"url\": \"x\", \"method\": \"POST\", \"payload\": [1", "]}}")]
    public async Task Post_MillionsOfTinyValuesInABody_AreSentAsTheyAre(string path, string start, string end)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await gateway.Rest.PostAsync($"{start}{string.Concat(Enumerable.Repeat(",1", 4_000_000))}{end}", path);

        Assert.Equal(200, reply.Status);
    }

    [Theory]
    [InlineData(100, 200)]
    [InlineData(101, 400)]
    public async Task Post_DeepJson_EndsAtTheLimit(int levels, int status)
    {
        // The array and the request are two levels of them.
        var body = new string('[', levels - 2) + new string(']', levels - 2);

        var reply = await _gateway.Rest.PostAsync($$"""[{"path": "x", "unknown": {{body}}, "method": "FETCH"}]""");

        Assert.Equal(400, reply.Status);
        Assert.Equal(status == 400, reply.Text.Contains("has more than 100 levels", StringComparison.Ordinal));
    }

    // What is accepted must be readable again: the store's format has a limit of its own.
    [Fact]
    public async Task Submit_ParamsAsDeepAsTheyMayBe_AreStoredAndSent()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ParamsDepth=24");
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 23)) + "1" + new string('}', 23);

        var request = await gateway.Rest.RunAsync($$$"""{"path": "x", "params": {"p": {{{deep}}}}}""");

        Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
        var tooDeep = await gateway.Rest.PostAsync($$$$"""[{"path": "x", "params": {"p": {"a": {{{{deep}}}}}}}]""");
        Assert.Equal(["[0].path"], tooDeep.Error(400, "INVALID_ARGUMENT").ErrorFields);
    }

    [Theory]
    [InlineData("[{\"path\": \"x\", \"headers\": {\"{0} \": \"1\"}}]", "/api/v0/batch")]
    [InlineData("[{\"path\": \"x\", \"params\": {\"{0}\": {\"a\": [[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]}}}]", "/api/v0/batch")]
    [InlineData("[{\"path\": \"x\", \"spawner\": true, \"pagination\": {\"cursor_param\": \"{0}\", \"{0}\": 1}}]", "/api/v0/batch")]
    [InlineData("{\"{0}\": 1, \"{0}\": 1}", "/api/v2/batch")]
    [InlineData("{\"a\": {\"url\": \"/x\", \"headers\": {\"{0}\": 1}}}", "/api/v2/batch")]
    public async Task Post_HugeNames_AreNotRepeatedInTheError(string body, string path)
    {
        var reply = await _gateway.Rest.PostAsync(body.Replace("{0}", new string('n', 1 << 20), StringComparison.Ordinal), path);

        Assert.InRange(reply.Text.Length, 10, 2000);
    }

    [Fact]
    public async Task Grpc_HugeNamesAndIds_AreNotRepeatedInTheError()
    {
        var huge = new string('n', 1 << 20);
        var submission = new CreateBatchRequest { Requests = { new Request { Path = "x", Headers = { [huge + " "] = "1" } } } };
        var invalid = await Assert.ThrowsAsync<RpcException>(() => _gateway.Grpc.CreateBatchAsync(submission).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, invalid.StatusCode);
        var unknown = await Assert.ThrowsAsync<RpcException>(
            () => _gateway.Grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = huge }).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, unknown.StatusCode);
        Assert.InRange(unknown.Status.Detail.Length, 10, 200);
    }

    // What stands in a query can be any character, and would become part of a header field.
    [Theory]
    [InlineData("%01")]
    [InlineData("%1F")]
    [InlineData("%7F")]
    [InlineData("%0D%0AX-Evil:1")]
    [InlineData("%C2%85")]
    public async Task Call_CredentialWithControlCharacters_IsRefusedAndSendsNothing(string token)
    {
        foreach (var (body, path) in new[] { ("""{"a": "/x"}""", "/api/v2/batch"), ("""[{"path": "/x"}]""", "/api/v0/batch") })
        {
            var reply = await _gateway.Rest.PostAsync(body, $"{path}?bearer_token=a{token}b");

            Assert.InRange(reply.Status, 400, 401);
        }

        Assert.Empty(_gateway.Logs.Errors);
        Assert.DoesNotContain(fixture.Api.Requests, request => request.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task Get_UrlOverTheLimit_IsRefusedOverBothVersions()
    {
        var query = "get[a]=/x?" + new string('q', 8_000);
        Assert.Equal(200, (await _gateway.Rest.GetAsync($"/api/v2/batch?{query}")).Status);

        // In the form of the path, whatever its length. What is longer still the server refuses by itself.
        var tooLong = new string('q', 17_000);
        foreach (var (path, error) in new[]
        {
            ("/api/v0/batch?x=", """{"message":"The URL has 17016 bytes; at most 16384 are allowed (Batch:Limits:UrlLength).","statusCode":414,"error":"INVALID_ARGUMENT"}"""),
            ("/api/v2/batch?x=", """{"status":414,"code":"invalid_argument","message":"The URL has 17016 bytes; at most 16384 are allowed (Batch:Limits:UrlLength)."}"""),
            ("/api/v1/batches?", """{"code":3,"message":"The URL has 17016 bytes; at most 16384 are allowed (Batch:Limits:UrlLength).","details":[]}"""),
        })
        {
            var refused = await _gateway.Rest.GetAsync(path + tooLong);
            Assert.Equal(414, refused.Status);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(error), JsonNode.Parse(refused.Text)), refused.Text);
        }

        var suppressed = await _gateway.Rest.GetAsync($"/api/v0/batch?suppress_response_codes=true&x={tooLong}");
        Assert.Equal((200, 414), (suppressed.Status, suppressed.Json.GetProperty("statusCode").GetInt32()));
        Assert.Equal(414, (await _gateway.Rest.GetAsync($"/api/v0/batch?x={tooLong}{tooLong}")).Status);

        using var client = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
        using var message = NewHttp2($"/api/v2/batch?x={tooLong}");
        using var response = await client.SendAsync(message);
        Assert.Equal(HttpStatusCode.RequestUriTooLong, response.StatusCode);
        Assert.Contains("Batch:Limits:UrlLength", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var longer = NewHttp2($"/api/v2/batch?x={tooLong}{tooLong}");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(longer));
        Assert.Empty(_gateway.Logs.Errors);

        static HttpRequestMessage NewHttp2(string url) => new(HttpMethod.Get, url)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    // The gateway decompresses nothing, so that no answer can grow in it.
    [Fact]
    public async Task Result_CompressedAnswer_IsDeliveredAsItCame()
    {
        var bomb = Bomb(1L << 28);
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return TestApi.BytesAsync(context, "application/json", bomb);
        });
        await using var gateway = await Gateway.StartAsync(api);

        var result = await gateway.Rest.RunAsync("""{"path": "x"}""");

        Assert.Equal("base64", result.GetProperty("responseEncoding").GetString());
        Assert.Equal(bomb, result.GetProperty("response").GetBytesFromBase64());

        // A page that can't be read ends its query.
        var batch = await gateway.Rest.SubmitAsync("""[{"path": "x", "spawner": true}]""");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var pages = (await gateway.Rest.GetAsync($"/api/v0/batch/{batch.Id}")).Success().Requests;
        Assert.Equal("BAD_NEXT_PAGE", pages[^1].GetProperty("response").GetProperty("error").GetString());
    }

    private async Task AssertTakesLittleAsync(Func<Task> call)
    {
        await call();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await call();
        // The body itself, with the client, is a few times its bytes.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 150L << 20);
        await _gateway.AssertNothingStoredAsync();
    }

    private async Task<HttpResponseMessage> PostGzipAsync(string path, byte[] bomb)
    {
        using var client = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
        using var content = new ByteArrayContent(bomb);
        content.Headers.ContentEncoding.Add("gzip");
        return await client.PostAsync(path, content);
    }

    private static byte[] Bomb(long bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal, leaveOpen: true))
        {
            var spaces = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
            for (var written = 0L; written < bytes; written += spaces.Length)
            {
                gzip.Write(spaces);
            }
        }

        return buffer.ToArray();
    }
}
