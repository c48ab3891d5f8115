using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Security;

/// <summary>What web pages can do.</summary>
public sealed class BrowserTests
{
    private const string Page = "https://app.example.com";
    private const string OtherPage = "https://evil.example.com";
    private const string Allowed = $"--Batch:Cors:AllowedOrigins:0={Page}";
    private const string RpcPath = "/batch.v1.BatchService/ListBatches";

    [Theory]
    [InlineData("POST", "/api/v0/batch", "authorization,content-type")]
    [InlineData("GET", "/api/v0/batch/1234567890123456", "authorization")]
    [InlineData("DELETE", "/api/v0/batch/1234567890123456", "x-api-key")]
    [InlineData("POST", "/api/v2/batch", "authorization,content-type")]
    [InlineData("POST", RpcPath, "authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout")]
    public async Task Preflight_OfAPage_IsAllowedWhereConfigured(string method, string path, string headers)
    {
        await using var api = await TestApi.StartAsync();
        await using var closed = await Gateway.StartAsync(api);
        // A browser asks without credential, so the question itself must need none.
        await using var open = await Gateway.StartAsync(api, Allowed, "--Batch:Identity:AllowAnonymous=false");

        var allowed = await PreflightAsync(open, path, method, headers, Page);
        Assert.Equal(204, allowed.Status);
        Assert.Equal([Page], allowed.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["600"], allowed.Headers.GetValues("Access-Control-Max-Age"));
        Assert.Equal(
            headers.Split(','),
            allowed.Headers.GetValues("Access-Control-Allow-Headers").Single().Split(','));
        Assert.False(allowed.Headers.Contains("Access-Control-Allow-Credentials"));
        foreach (var refused in new[]
        {
            await PreflightAsync(open, path, method, headers, OtherPage),
            await PreflightAsync(open, path, method, headers, $"{Page}.evil.example"),
            await PreflightAsync(open, path, method, headers, "null"),
            await PreflightAsync(closed, path, method, headers, Page),
        })
        {
            Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task RestCall_OfAnAllowedPage_CanBeRead_AndItsErrorsToo()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Allowed, "--Batch:Cors:AllowCredentials=true");

        var created = (await SendAsync(gateway, HttpMethod.Post, RestClient.BatchPath, Page, """[{"path": "x"}]""")).Success();
        var missing = await SendAsync(gateway, HttpMethod.Get, $"{RestClient.BatchPath}/1234567890123456", Page);

        missing.Error(404, "NOT_FOUND");
        Assert.All([created, missing], reply =>
        {
            Assert.Equal([Page], reply.Headers.GetValues("Access-Control-Allow-Origin"));
            Assert.Equal(["true"], reply.Headers.GetValues("Access-Control-Allow-Credentials"));
            var exposed = string.Join(',', reply.Headers.GetValues("Access-Control-Expose-Headers"));
            Assert.Contains("Retry-After", exposed, StringComparison.Ordinal);
            Assert.Contains("grpc-status", exposed, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text")]
    public async Task GrpcWebCall_OfAnAllowedPage_IsServed(string contentType)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Allowed);
        (await gateway.Rest.PostAsync("""[{"path": "x"}]""")).Success();

        var reply = await SendGrpcWebAsync(gateway, contentType, Page);

        Assert.Equal(200, reply.Status);
        Assert.Equal([Page], reply.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["nosniff"], reply.Headers.GetValues("X-Content-Type-Options"));
        var body = contentType.Contains("text", StringComparison.Ordinal) ? DecodePieces(reply.Text) : reply.Text;
        Assert.Contains("grpc-status: 0", body, StringComparison.Ordinal);
    }

    // Such a call needs no leave of the gateway to be sent: it is what a form can send.
    [Theory]
    [InlineData("cross-site", OtherPage, 403)]
    [InlineData("same-site", "https://other.example.com", 403)]
    [InlineData("cross-site", null, 403)]
    [InlineData("cross-site", Page, 200)]
    [InlineData("same-origin", "SELF", 200)]
    [InlineData("none", null, 200)]
    [InlineData(null, null, 200)]
    [InlineData(null, "SELF", 200)]
    [InlineData(null, OtherPage, 403)]
    [InlineData(null, "null", 403)]
    [InlineData(null, Page, 200)]
    public async Task Submit_FromAPage_IsRefusedUnlessItsOriginIsAllowed(string? site, string? origin, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Allowed);
        foreach (var (path, body) in new[]
        {
            (RestClient.BatchPath, """[{"path": "x", "method": "POST"}]"""),
            ("/api/v2/batch", """{"a": {"url": "/x", "method": "POST"}}"""),
        })
        {
            var content = new StringContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
            var reply = await gateway.Rest.SendAsync(HttpMethod.Post, path, content, headers =>
            {
                headers.Add("Authorization", "Basic dXNlcjpwYXNz");
                if (site is not null)
                {
                    headers.Add("Sec-Fetch-Site", site);
                }

                if (origin is not null)
                {
                    headers.Add("Origin", origin == "SELF" ? gateway.Address : origin);
                }
            });
            Assert.Equal(status, reply.Status);
            Assert.True(status != 403 || reply.Text.Contains("AllowedOrigins", StringComparison.Ordinal), reply.Text);
        }

        if (status == 403)
        {
            Assert.Empty(api.Requests);
            await gateway.AssertNothingStoredAsync();
        }
    }

    [Fact]
    public async Task GrpcWebCall_OfAnotherPage_IsRefused()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Allowed);

        var reply = await SendGrpcWebAsync(gateway, "application/grpc-web", OtherPage);

        Assert.Equal(["7"], reply.Headers.GetValues("grpc-status"));
    }

    [Fact]
    public async Task Replies_AllOfRest_HaveTheSecurityHeaders()
    {
        await using var api = await TestApi.StartAsync(
            context => TestApi.BytesAsync(context, "text/html", "<script>alert(1)</script>"u8.ToArray()));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        foreach (var (method, path, body, type) in new[]
        {
            ("GET", batch.Path, null, "application/json"),
            ("GET", $"{batch.Path}/results?after=0", null, "application/x-ndjson"),
            ("GET", RestClient.BatchPath, null, "application/json"),
            ("GET", "/api/v0/nothing", null, "application/json"),
            ("PUT", RestClient.BatchPath, null, "application/json"),
            ("POST", RestClient.BatchPath, "no JSON", "application/json"),
            ("POST", "/api/v2/batch", """{"a": "/x"}""", "application/json"),
            ("POST", "/api/v2/batch", "no JSON", "application/json"),
            ("GET", "/nothing", null, "application/json"),
        })
        {
            var reply = await gateway.Rest.SendAsync(
                new HttpMethod(method), path, body is null ? null : new StringContent(body));

            // What the API says its bodies are is never what the gateway says its replies are.
            Assert.Equal(type, reply.ContentHeaders.ContentType?.MediaType);
            Assert.Equal(["nosniff"], reply.Headers.GetValues("X-Content-Type-Options"));
            Assert.Equal(
                ["default-src 'none'; frame-ancestors 'none'"], reply.Headers.GetValues("Content-Security-Policy"));
            Assert.True(reply.Headers.CacheControl?.NoStore, $"{method} {path} may be kept.");
            Assert.False(reply.Headers.Contains("Server"));
            Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    // What a GET may change is written down, and nothing else.
    [Fact]
    public async Task Gets_OfABatch_ChangeNothingButTheReceivedMark()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitPathsAsync("x", "y");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var before = (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success().Text;

        foreach (var path in new[] { "", "?after=2", $"?request_ids={batch.RequestIds[0]}", "/results?after=0", "/status" })
        {
            (await gateway.Rest.GetAsync(batch.Path + path)).Success();
        }

        (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success();
        foreach (var path in new[] { "/cancel", "/delete" })
        {
            Assert.NotEqual(200, (await gateway.Rest.GetAsync(batch.Path + path)).Status);
        }

        Assert.Equal(before, (await gateway.Rest.GetAsync($"{batch.Path}/status?detailed=true")).Success().Text);
        Assert.Equal(2, (await gateway.Rest.GetAsync($"{batch.Path}?after=0")).Success().Requests.Count);
        Assert.Equal(2, api.Requests.Count);
    }

    // Base64 in pieces, each with its own padding.
    private static string DecodePieces(string text) => string.Concat(
        Regex.Matches(text, "[^=]+=*").Select(piece => Encoding.Latin1.GetString(Convert.FromBase64String(piece.Value))));

    private static Task<RestReply> PreflightAsync(
        Gateway gateway, string path, string method, string requestHeaders, string origin) =>
        gateway.Rest.SendAsync(HttpMethod.Options, path, addHeaders: headers =>
        {
            headers.Add("Origin", origin);
            headers.Add("Access-Control-Request-Method", method);
            headers.Add("Access-Control-Request-Headers", requestHeaders);
        });

    private static Task<RestReply> SendAsync(
        Gateway gateway, HttpMethod method, string path, string origin, string? body = null) =>
        gateway.Rest.SendAsync(method, path, body is null ? null : new StringContent(body), headers =>
        {
            headers.Add("Origin", origin);
            headers.Add("Sec-Fetch-Site", "cross-site");
        });

    private static Task<RestReply> SendGrpcWebAsync(Gateway gateway, string contentType, string origin)
    {
        byte[] empty = [0, 0, 0, 0, 0];
        var content = contentType.Contains("text", StringComparison.Ordinal)
            ? new ByteArrayContent(Encoding.ASCII.GetBytes(Convert.ToBase64String(empty)))
            : new ByteArrayContent(empty);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return gateway.Rest.SendAsync(HttpMethod.Post, RpcPath, content, headers =>
        {
            headers.Add("Origin", origin);
            headers.Add("Sec-Fetch-Site", "cross-site");
            headers.Add("X-Grpc-Web", "1");
            headers.Add("Accept", contentType);
        });
    }
}
