using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Delivery;

/// <summary>Bodies of the API as they arrive: over gRPC as the same bytes, over REST in the documented form.</summary>
public sealed class BodyTests
{
    // A picture of one pixel.
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    public static TheoryData<string, string?, byte[], string> Bodies => new()
    {
        {
            "exact numbers", "application/json", """{"n": 12345678901234567890, "d": 1.10}"""u8.ToArray(),
            """{"n": 12345678901234567890, "d": 1.10}"""
        },
        { "escapes untouched", "application/json", """{"a":"\u00fc\/<"}"""u8.ToArray(), """{"a":"\u00fc\/<"}""" },
        { "repeated names untouched", "application/json", """{"a":1,"a":2}"""u8.ToArray(), """{"a":1,"a":2}""" },
        { "a scalar", "application/json; charset=utf-8", "3.50"u8.ToArray(), "3.50" },
        { "a suffix", "application/problem+json", "{}"u8.ToArray(), "{}" },
        { "line breaks", "text/json", "{\r\n \"a\": 1\n}\n"u8.ToArray(), "{\r\n \"a\": 1\n}\n" },
        { "invalid JSON", "application/json", "{\"a\": oops"u8.ToArray(), """
            "{\"a\": oops"
            """ },
        { "two values", "application/json", "1 2"u8.ToArray(), "\"1 2\"" },
        { "text", "text/plain", "h\u00e9llo \"you\"\n"u8.ToArray(), """
            "h\u00e9llo \"you\"\n"
            """ },
        { "HTML", "text/html; charset=UTF-8", "<p>"u8.ToArray(), "\"<p>\"" },
        { "XML", "application/xml", "<a/>"u8.ToArray(), "\"<a/>\"" },
        { "Latin 1", "text/plain; charset=iso-8859-1", Encoding.Latin1.GetBytes("caf\u00e9"), "\"caf\u00e9\"" },
        { "Windows 1252", "text/plain; charset=windows-1252", [0x80, (byte)'1'], "\"\u20ac1\"" },
        { "Shift JIS", "text/plain; charset=\"Shift_JIS\"", [0x93, 0xFA, 0x96, 0x7B], "\"\u65e5\u672c\"" },
        { "UTF-16", "text/plain; charset=utf-16", Encoding.Unicode.GetBytes("\u20ac"), "\"\u20ac\"" },
        { "half a surrogate pair", "application/json", """{"\ud83d":"\udc00"}"""u8.ToArray(), """{"\ud83d":"\udc00"}""" },
        { "a byte order mark", "application/json", [0xEF, 0xBB, 0xBF, .. "[1.50]"u8], "[1.50]" },
        { "a type that is cut off", "application/json;", "1.50"u8.ToArray(), "1.50" },
        { "an empty character set", "application/json;;charset=", "1.50"u8.ToArray(), "1.50" },
        { "two types", "text/html, application/json", "1.50"u8.ToArray(), "1.50" },
        { "two character sets", "text/plain; charset=utf-8; charset=latin1", "\u00fc"u8.ToArray(), "\"\u00fc\"" },
        { "UTF8", "text/plain; charset=utf8", "\u00fc"u8.ToArray(), "\"\u00fc\"" },
        { "the wrong quotes", "text/plain; charset='utf-8'", "\u00fc"u8.ToArray(), "\"\u00fc\"" },
        { "no type", null, "plain"u8.ToArray(), "\"plain\"" },
        { "empty", "application/json", [], "\"\"" },
        { "empty, no type", null, [], "\"\"" },
    };

    public static TheoryData<string, string?, byte[]> BinaryBodies => new()
    {
        { "a picture", "image/png", Png },
        { "bytes", "application/octet-stream", [0, 1, 2, 255] },
        { "text that isn't in its character set", "text/plain", [0xFF, 0xFE, 0xFD] },
        { "a picture whose type is cut off", "image/png;", Png },
        { "a character set that is forbidden", "text/plain; charset=utf-7", "x"u8.ToArray() },
        { "an unknown character set", "text/plain; charset=nothing", "x"u8.ToArray() },
        { "no type and no text", null, [0xFF, 0x00] },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Fetch_JsonOrText_ArrivesInTheDocumentedForm(
        string what, string? contentType, byte[] bytes, string expected)
    {
        await using var api = await TestApi.StartAsync(context => TestApi.BytesAsync(context, contentType, bytes));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var reply = (await gateway.Rest.GetAsync(batch.Path)).Success();

        var request = Assert.Single(reply.Requests);
        var response = request.GetProperty("response");
        if (response.ValueKind == System.Text.Json.JsonValueKind.String && expected.StartsWith('"'))
        {
            Assert.Equal(System.Text.Json.JsonSerializer.Deserialize<string>(expected), response.GetString());
        }
        else
        {
            Assert.True(
                reply.Text.Contains($"\"response\":{expected}}}", StringComparison.Ordinal), $"{what}: {reply.Text}");
        }

        Assert.Equal(bytes.Length, request.GetProperty("responseSize").GetInt64());
        Assert.False(request.TryGetProperty("responseEncoding", out _));
        Assert.False(request.TryGetProperty("responseHeaders", out _));
        await AssertSameBytesOverGrpcAsync(gateway, batch, contentType, bytes);
    }

    [Theory]
    [MemberData(nameof(BinaryBodies))]
    public async Task Fetch_Binary_ArrivesAsBase64(string what, string? contentType, byte[] bytes)
    {
        await using var api = await TestApi.StartAsync(context => TestApi.BytesAsync(context, contentType, bytes));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var request = Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);

        Assert.True(bytes.AsSpan().SequenceEqual(request.GetProperty("response").GetBytesFromBase64()), what);
        Assert.Equal("base64", request.GetProperty("responseEncoding").GetString());
        Assert.Equal(contentType ?? "", request.GetProperty("responseContentType").GetString());
        await AssertSameBytesOverGrpcAsync(gateway, batch, contentType, bytes);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("gzip, identity")]
    public async Task Fetch_EncodedBody_IsShownDecoded(string coding)
    {
        var bytes = Compressed.Bytes("""{"n":1.50}"""u8, coding);
        await using var api = await StartEncodedAsync(coding, bytes);
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var request = Assert.Single((await gateway.Rest.GetAsync(batch.Path)).Success().Requests);

        Assert.Equal("""{"n":1.50}""", request.GetProperty("response").GetRawText());
        Assert.Equal(bytes.Length, request.GetProperty("responseSize").GetInt32());
        Assert.False(request.TryGetProperty("responseEncoding", out _));
        await AssertSameBytesOverGrpcAsync(gateway, batch, "application/json", bytes);
        var keyed = (await gateway.Rest.PostAsync("""{"k":"/x"}""", "/api/v2/batch")).Text;
        Assert.EndsWith(""","data":{"n":1.50}}}""", keyed, StringComparison.Ordinal);
        Assert.DoesNotContain("content-encoding", keyed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zstd", 100)]
    [InlineData("gzip", 100)]
    [InlineData("gzip", 3_000)]
    public async Task Fetch_EncodedBodyThatCannotBeDecoded_IsBase64AndSaysSo(string coding, int length)
    {
        // No gzip, or one of more bytes than a response may have.
        byte[] bytes = length == 100 ? new byte[length] : Compressed.GzipBytes(new byte[length]);
        await using var api = await StartEncodedAsync(coding, bytes);
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:ResponseBytes=2000");

        var request = await gateway.Rest.RunAsync("""{"path": "x"}""", "request_fields=response,responseHeaders");

        Assert.Equal(bytes, request.GetProperty("response").GetBytesFromBase64());
        Assert.Equal("base64", request.GetProperty("responseEncoding").GetString());
        Assert.Equal("application/json", request.GetProperty("responseContentType").GetString());
        Assert.Equal(coding, request.GetProperty("responseContentEncoding").GetString());
        Assert.Equal(coding, request.GetProperty("responseHeaders").GetProperty("content-encoding").GetString());
    }

    [Theory]
    [InlineData(512, false)]
    [InlineData(513, true)]
    public async Task Fetch_DeepJson_IsTextAndSaysSo(int levels, bool isText)
    {
        var json = new string('[', levels) + new string(']', levels);
        await using var api = await TestApi.StartAsync(context => TestApi.JsonAsync(context, json));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var reply = (await gateway.Rest.GetAsync($"{batch.Path}/results?after=0")).Text;
        var keyed = (await gateway.Rest.PostAsync("""{"k":"/x"}""", "/api/v2/batch")).Text;

        Assert.Contains(
            isText ? $"\"response\":\"{json}\",\"responseEncoding\":\"text\"}}" : $"\"response\":{json}}}",
            reply,
            StringComparison.Ordinal);
        Assert.Contains(
            isText ? $"\"encoding\":\"text\"}},\"data\":\"{json}\"" : $"\"data\":{json}}}", keyed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(404)]
    [InlineData(418)]
    [InlineData(500)]
    public async Task Fetch_AnyStatusOfTheApi_IsAResult(int status)
    {
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            return status == 204 ? Task.CompletedTask : TestApi.JsonAsync(context, """{"seen":true}""");
        });
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync(
            """{"path": "x"}""", "request_fields=responseStatusCode,response,responseHeaders");

        Assert.Equal(status, request.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(status == 204 ? "\"\"" : """{"seen":true}""", request.GetProperty("response").GetRawText());
        Assert.Equal("/elsewhere", request.GetProperty("responseHeaders").GetProperty("location").GetString());
        Assert.Equal("/x", Assert.Single(api.Requests).Target);
    }

    [Fact]
    public async Task Fetch_Head_HasHeadersAndAnEmptyBody()
    {
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.ContentLength = 20_000_000;
            context.Response.Headers.ETag = "\"1\"";
            return Task.CompletedTask;
        });
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync(
            """{"path": "x", "method": "HEAD"}""",
            "request_fields=responseStatusCode,responseSize,response,responseHeaders");

        Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal(0, request.GetProperty("responseSize").GetInt64());
        Assert.Equal("", request.GetProperty("response").GetString());
        Assert.Equal("20000000", request.GetProperty("responseHeaders").GetProperty("content-length").GetString());
        Assert.Equal("\"1\"", request.GetProperty("responseHeaders").GetProperty("etag").GetString());
    }

    [Fact]
    public async Task Fetch_Headers_AreTheEndToEndOnes()
    {
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.Headers["X-Several"] = new(["a", "b"]);
            context.Response.Headers.SetCookie = "session=1";
            context.Response.Headers["Keep-Alive"] = "timeout=5";
            return TestApi.JsonAsync(context, "1");
        });
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync("""{"path": "x"}""", "request_fields=responseHeaders");

        var headers = request.GetProperty("responseHeaders");
        Assert.Equal("a, b", headers.GetProperty("x-several").GetString());
        Assert.Equal("application/json", headers.GetProperty("content-type").GetString());
        Assert.Equal(
            ["content-length", "content-type", "date", "x-several"],
            headers.EnumerateObject().Select(header => header.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["id", "responseHeaders"], request.EnumerateObject().Select(property => property.Name));
    }

    private static Task<TestApi> StartEncodedAsync(string coding, byte[] bytes) => TestApi.StartAsync(context =>
    {
        context.Response.Headers.ContentEncoding = coding;
        return TestApi.BytesAsync(context, "application/json", bytes);
    });

    private static async Task AssertSameBytesOverGrpcAsync(
        Gateway gateway, SubmittedBatch batch, string? contentType, byte[] bytes)
    {
        var page = await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id, After = 0 });

        var response = Assert.Single(page.Batch.Requests).Response;
        Assert.Equal(200, response.StatusCode);
        Assert.Null(response.Error);
        Assert.Equal(contentType ?? "", response.ContentType);
        Assert.True(bytes.AsSpan().SequenceEqual(response.Body.Span), "The bytes have changed.");
    }
}
