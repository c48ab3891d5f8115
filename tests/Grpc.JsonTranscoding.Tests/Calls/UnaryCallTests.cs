using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Grpc.JsonTranscoding.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.JsonTranscoding.Tests.Calls;

public sealed class UnaryCallTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Theory]
    [InlineData(1, 499)]
    [InlineData(2, 500)]
    [InlineData(3, 400)]
    [InlineData(4, 504)]
    [InlineData(5, 404)]
    [InlineData(6, 409)]
    [InlineData(7, 403)]
    [InlineData(8, 429)]
    [InlineData(9, 400)]
    [InlineData(10, 409)]
    [InlineData(11, 400)]
    [InlineData(12, 501)]
    [InlineData(13, 500)]
    [InlineData(14, 503)]
    [InlineData(15, 500)]
    [InlineData(16, 401)]
    public async Task Send_HandlerFails_GivesTheHttpStatusOfTheCode(int code, int expected)
    {
        var expectedBody = $$"""{"code":{{code}},"message":"why <é>","details":[]}""";

        Assert.Equal((expected, expectedBody), await fixture.SendAsync(
            "GET", $"/v1/calls/unary?fail_code={code}&fail_message=why%20%3C%C3%A9%3E"));
        Assert.Equal((expected, expectedBody), await fixture.SendAsync(
            "GET", $"/v1/calls/unary?fail_code={code}&fail_message=why%20%3C%C3%A9%3E&set_status=true"));
    }

    [Fact]
    public async Task Send_HandlerFailsWithDetails_WritesThem()
    {
        using var response = await fixture.Server.Http1.GetAsync(new Uri(
            "/v1/calls/unary?fail_code=14&fail_message=later&fail_with_details=true", UriKind.Relative));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter!.Delta);
        Assert.False(response.Headers.Contains("grpc-status-details-bin"));
        Assert.Equal(
            """
            {"code":14,"message":"later","details":[
            {"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"r1"},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.000000001s"},
            {"@type":"type.googleapis.com/un.Known","value":"AQI="}]}
            """.ReplaceLineEndings(""),
            await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Send_ReplyIsNull_IsCancelled()
    {
        Assert.Equal(
            (499, """{"code":1,"message":"No message returned from method.","details":[]}"""),
            await fixture.SendAsync("GET", "/v1/calls/unary?null_reply=true"));
    }

    [Fact]
    public async Task Send_HandlerThrows_LeaksNothingAndLogs()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http1.GetAsync("/v1/calls/unary?throw=true");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(
            """{"code":2,"message":"Exception was thrown by handler.","details":[]}""",
            await response.Content.ReadAsStringAsync());
        Assert.Contains("ErrorExecutingServiceMethod", Assert.Single(server.Log.Entries), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_HandlerThrowsWithDetailedErrors_SaysWhat()
    {
        await using var server = await TestServer.StartAsync(grpc: o => o.EnableDetailedErrors = true);
        using var response = await server.Http1.GetAsync("/v1/calls/unary?throw=true");

        Assert.Contains("InvalidOperationException: secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_ReplyHasNoJsonForm_IsInternalError()
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.Http1.GetAsync("/v1/calls/unary?unknown_any=true&text=abc");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(
            """{"code":13,"message":"The reply can't be written as JSON.","details":[]}""",
            await response.Content.ReadAsStringAsync());
        Assert.Contains("un.Known", Assert.Single(server.Log.Entries), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_Headers_PassBothWays()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/calls/unary?headers=true&trailers=true");
        request.Headers.Add("X-Text", "hello");
        request.Headers.Add("X-Bytes-Bin", "AQL/");
        request.Headers.Add("X-Unpadded-Bin", "AQ");
        request.Headers.Add("X-Broken-Bin", "?");
        using var response = await fixture.Server.Http1.SendAsync(request);

        Assert.Equal(["one", "two"], response.Headers.GetValues("x-reply"));
        Assert.Equal("AQL/", Assert.Single(response.Headers.GetValues("x-reply-bin")));
        Assert.Equal("after", Assert.Single(response.Headers.GetValues("x-trailer")));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var reply = Transcoding.Test.V1.CallReply.Parser.ParseJson(await response.Content.ReadAsStringAsync());
        Assert.Equal("hello", reply.Headers["x-text"]);
        Assert.Equal("0102FF", reply.Headers["x-bytes-bin"]);
        Assert.Equal("01", reply.Headers["x-unpadded-bin"]);
        Assert.DoesNotContain("x-broken-bin", reply.Headers.Keys);
    }

    [Fact]
    public async Task Send_HandlerFails_KeepsItsTrailersAsHeaders()
    {
        using var response = await fixture.Server.Http2.GetAsync("/v1/calls/unary?fail_code=5&headers=true");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("yes", Assert.Single(response.Headers.GetValues("x-failed")));
        Assert.Equal(["one", "two"], response.Headers.GetValues("x-reply"));
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(5_000, true)]
    [InlineData(20_000, false)]
    [InlineData(3_000_000, false)]
    public async Task Send_ReplyOfSize_ArrivesWhole(int size, bool hasLength)
    {
        foreach (var client in new[] { fixture.Server.Http1, fixture.Server.Http2 })
        {
            using var response = await client.GetAsync(
                $"/v1/calls/unary?size={size}", HttpCompletionOption.ResponseHeadersRead);
            var length = response.Content.Headers.ContentLength;
            var body = await response.Content.ReadAsStringAsync();

            Assert.Equal($$"""{"text":"{{new string('x', size)}}"}""", body);
            Assert.Equal(hasLength ? body.Length : null, length);
        }
    }

    [Theory]
    [InlineData("application/json", 200)]
    [InlineData("application/json; charset=utf-8", 200)]
    [InlineData("application/json; charset=\"UTF-8\"", 200)]
    [InlineData("Application/JSON", 200)]
    [InlineData("application/merge-patch+json", 200)]
    [InlineData(null, 200)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("text/plain", 415)]
    public async Task Send_ContentType_IsChecked(string? contentType, int expected)
    {
        var (status, body) = await fixture.SendAsync("POST", "/v1/calls/unary", """{"text":"x"}""", contentType);

        Assert.Equal(expected, status);
        Assert.StartsWith(expected == 200 ? """{"text":"x"}""" : """{"code":3,""", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("identity")]
    public async Task Send_CompressedBody_IsRead(string encoding)
    {
        var text = new string('a', 200_000);
        var bytes = Compress($$"""{"text":"{{text}}"}""", encoding);

        var (status, body) = await SendEncodedAsync(bytes, encoding);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal($$"""{"text":"{{text}}"}""", body);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Send_BodyIsNotWhatItsEncodingSays_IsRefused(string encoding)
    {
        var (status, body) = await SendEncodedAsync("""{"text":"x"}"""u8.ToArray(), encoding);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("not valid " + encoding, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Send_UnknownEncoding_IsRefused()
    {
        var (status, _) = await SendEncodedAsync([1], "zstd");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, status);
    }

    [Theory]
    [InlineData(4 * 1024 * 1024, false, 200)]
    [InlineData((4 * 1024 * 1024) + 1, false, 413)]
    [InlineData(4 * 1024 * 1024, true, 200)]
    [InlineData((4 * 1024 * 1024) + 1, true, 413)]
    public async Task Send_BodyAtTheLimit_IsTheLast(int length, bool isChunked, int expected)
    {
        var text = $$"""{"unknown":"{{new string('a', length - 14)}}"}""";
        foreach (var client in new[] { fixture.Server.Http1, fixture.Server.Http2 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/calls/unary");
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            request.Headers.ExpectContinue = !isChunked;
            request.Headers.TransferEncodingChunked = isChunked && client == fixture.Server.Http1;
            request.Content = new StringContent(text, Encoding.UTF8, "application/json");
            using var response = await client.SendAsync(request);

            Assert.Equal(expected, (int)response.StatusCode);
            Assert.StartsWith(
                expected == 200 ? "{}" : """{"code":8,"message":"The body is longer than 4194304 bytes.""",
                await response.Content.ReadAsStringAsync(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Send_BodyBeyondTheServersOwnLimit_IsRefusedHereAllTheSame()
    {
        await using var server = await TestServer.StartAsync(grpc: o => o.MaxReceiveMessageSize = 32 * 1024 * 1024);
        foreach (var client in new[] { server.Http1, server.Http2 })
        {
            using var content = new ByteArrayContent(new byte[34_000_000]);
            content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/calls/unary");
            request.Version = client.DefaultRequestVersion;
            request.VersionPolicy = client.DefaultVersionPolicy;
            request.Headers.ExpectContinue = client == server.Http1;
            request.Content = content;
            using var response = await client.SendAsync(request);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Contains("33554432", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Send_SmallBodyThatInflatesBeyondTheLimit_IsRefused()
    {
        var (status, _) = await SendEncodedAsync(Compress(new string(' ', 5_000_000) + "{}", "gzip"), "gzip");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
    }

    [Fact]
    public async Task Send_LargeLimitForTheService_Counts()
    {
        await using var server = await TestServer.StartAsync(grpc: o => o.MaxReceiveMessageSize = 40_000_000);
        var text = $$"""{"text":"{{new string('a', 33_000_000)}}"}""";
        using var content = new StringContent(text, Encoding.UTF8, "application/json");
        using var response = await server.Http1.PostAsync("/v1/calls/unary", content);

        Assert.Equal(text, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Send_DeadlinePasses_IsAnsweredAlthoughTheHandlerGoesOn()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(time));
        using var response = await SendUntilDeadlineAsync(server, time, "/v1/calls/unary?wait=true&ignore_cancellation=true");

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("""{"code":4,"message":"Deadline Exceeded","details":[]}""", await response.Content.ReadAsStringAsync());
        Assert.False(server.Probe.Ended.Task.IsCompleted);
        server.Probe.Release.SetResult();
        Assert.True(await server.Probe.Ended.Task);
        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Send_DeadlinePasses_CancelsTheHandler()
    {
        var time = new ManualTime();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(time));
        using var response = await SendUntilDeadlineAsync(server, time, "/v1/calls/unary?wait=true");

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.True(await server.Probe.Ended.Task);
        Assert.Empty(server.Log.Entries);
    }

    [Theory]
    [InlineData("1H", 200)]
    [InlineData("99999999H", 200)]
    [InlineData("10S", 200)]
    [InlineData("0n", 504)]
    [InlineData("10", 400)]
    [InlineData("S", 400)]
    [InlineData("-1S", 400)]
    [InlineData("123456789S", 400)]
    public async Task Send_Timeout_IsUnderstood(string timeout, int expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/calls/unary?wait={expected == 504}");
        request.Headers.Add("grpc-timeout", timeout);
        using var response = await fixture.Server.Http1.SendAsync(request);

        Assert.Equal(expected, (int)response.StatusCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Send_ClientGoesAway_CancelsTheHandler(int version)
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();
        var call = (version == 0 ? server.Http1 : server.Http2).GetAsync(
            "/v1/calls/unary?wait=true", source.Token);
        await server.Probe.Started.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.True(await server.Probe.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(server.Log.Entries);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Send_ClientGoesAwayInItsBody_IsNoError(int version)
    {
        await using var server = await TestServer.StartAsync();
        using var source = new CancellationTokenSource();
        using var content = new EndlessContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/calls/unary");
        var client = version == 0 ? server.Http1 : server.Http2;
        // The first request of all sets up routing, which must not meet the server's end.
        using var first = await client.GetAsync("/v1/calls/unary");
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        request.Content = content;
        var call = client.SendAsync(request, source.Token);
        await content.Begun.Task;
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        // The server stops only when no call is left.
        await server.DisposeAsync();
        Assert.Empty(server.Log.Entries);
    }

    [Fact]
    public async Task Send_StatusWithTrailers_SendsThemOnce()
    {
        using var response = await fixture.Server.Http1.GetAsync("/v1/calls/unary?fail_code=5&set_status=true&trailers=true");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("after", Assert.Single(response.Headers.GetValues("x-trailer")));
    }

    [Fact]
    public async Task Send_RawBody_PassesAsItIs()
    {
        using var content = new ByteArrayContent([0, 1, 2, 255]);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("image/png");
        using var response = await fixture.Server.Http1.PostAsync("/v1/raw/x", content);

        Assert.Equal("image/png", response.Content.Headers.ContentType!.ToString());
        Assert.Equal([0, 1, 2, 255], await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Send_RawBodyWithoutType_IsBytes()
    {
        using var response = await fixture.Server.Http2.GetAsync("/v1/raw/abc");

        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("abc", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Send_RawRequest_PassesAsItIs()
    {
        Assert.Equal(
            (200, """{"name":"text/x-odd","file":{"contentType":"text/x-odd","data":"PGE+"}}"""),
            await fixture.SendAsync("PUT", "/v1/raw", "<a>", "text/x-odd"));
        Assert.Equal((200, "<a>"), await fixture.SendAsync("PUT", "/v1/raw-field", "<a>", "text/x-odd"));
    }

    [Fact]
    public async Task Send_BadJson_SaysWhere()
    {
        var (status, body) = await fixture.SendAsync("POST", "/v1/calls/unary", "{\n\"text\": nope}");

        Assert.Equal(400, status);
        using var json = JsonDocument.Parse(body);
        Assert.Equal("The text is not valid JSON at line 2, byte 10.", json.RootElement.GetProperty("message").GetString());
    }

    private static async Task<HttpResponseMessage> SendUntilDeadlineAsync(TestServer server, ManualTime time, string target)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.Add("grpc-timeout", "1S");
        var call = server.Http1.SendAsync(request);
        await server.Probe.Started.Task;
        time.FireAll();
        return await call;
    }

    private async Task<(HttpStatusCode Status, string Body)> SendEncodedAsync(byte[] bytes, string encoding)
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        content.Headers.ContentEncoding.Add(encoding);
        using var response = await fixture.Server.Http1.PostAsync("/v1/calls/unary", content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static byte[] Compress(string text, string encoding)
    {
        var target = new MemoryStream();
        using (Stream encoder = encoding switch
        {
            "gzip" or "x-gzip" => new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BufferedStream(target),
        })
        {
            encoder.Write(Encoding.UTF8.GetBytes(text));
            encoder.Flush();
            if (encoding == "identity")
            {
                return target.ToArray();
            }
        }

        return target.ToArray();
    }
}
