using System.Security.Cryptography;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;

namespace Batching.Server.Tests.Security;

/// <summary>The log at its most verbose holds neither credentials nor bodies.</summary>
public sealed class LogTests
{
    // Each has a part of its own, which says where one that is found has come from.
    private const string Canary = "c4n4ry";
    private const string Token = $"{Canary}-token-5Kq";
    private const string Query = $"{Canary}-query-8Wz";
    private const string Body = $"{Canary}-body-2Jv";
    private const string Field = $"{Canary}-field-9Lm";
    private const string Reply = $"{Canary}-reply-3Xc";

    [Fact]
    public async Task Log_OfAllThatCanHappen_HoldsNoCredentialAndNoBody()
    {
        await using var api = await TestApi.StartAsync(AnswerAsync);
        await using var gateway = await Gateway.StartLoggingAllAsync(
            api,
            "--Logging:LogLevel:Default=Trace",
            "--Logging:LogLevel:Microsoft.AspNetCore=Trace",
            "--Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel.BadRequests=Trace",
            "--Batch:Upstreams:0:Prefix=/down",
            "--Batch:Upstreams:0:BaseAddress=http://127.0.0.1:9");

        await CallRestAsync(gateway);
        await CallKeyedAsync(gateway);
        await CallGrpcAsync(gateway);
        await SendRawAsync(gateway);

        AssertLogged(gateway, "Request starting HTTP/1.1 GET");
        AssertLogged(gateway, "Request finished HTTP/2 POST");
        Assert.Contains(api.Requests, request => request.Headers.GetValueOrDefault("Authorization") == $"Bearer {Query}");
        Assert.Contains(api.Requests, request => request.Headers.GetValueOrDefault("Authorization") == $"Bearer {Token}");
        Assert.Contains(api.Requests, request => Encoding.UTF8.GetString(request.Body).Contains(Body, StringComparison.Ordinal));
        AssertNoCanary(gateway);
    }

    [Fact]
    public async Task Log_OfCallsWithKeys_HoldsNeitherKeysNorTheCredentialsBehindThem()
    {
        await using var api = await TestApi.StartAsync(AnswerAsync);
        await using var gateway = await Gateway.StartLoggingAllAsync(
            api,
            "--Batch:Identity:Mode=ApiKey",
            "--Batch:Identity:ApiKeys:0:Owner=shop",
            $"--Batch:Identity:ApiKeys:0:Hash={Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Token)))}",
            $"--Batch:Identity:ApiKeys:0:Authorization=Bearer {Field}");

        await CallRestAsync(gateway);
        Assert.Equal(401, (await gateway.Rest.SendAsync(
            HttpMethod.Get, RestClient.BatchPath, addHeaders: headers => headers.Add("X-API-Key", Query))).Status);

        Assert.Contains(api.Requests, request => request.Headers.GetValueOrDefault("Authorization") == $"Bearer {Field}");
        AssertLogged(gateway, "Request starting HTTP/1.1 GET");
        AssertNoCanary(gateway);
    }

    [Theory]
    [InlineData("bearer_token=TOKEN", "")]
    [InlineData("after=0&bearer_token=TOKEN", "?after=0")]
    [InlineData("bearer_token=TOKEN&after=0&request_fields=a%2Cb", "?after=0&request_fields=a%2Cb")]
    [InlineData("a=1&Bearer%5FToken=TOKEN&b", "?a=1&b")]
    [InlineData("bearer_token=x&bearer_token=TOKEN", "")]
    public async Task Log_OfARequest_HasItsQueryWithoutTheToken(string query, string logged)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartLoggingAllAsync(api);
        using var owner = gateway.RestAs($"Bearer {Query}");
        var batch = await owner.SubmitPathsAsync("x");

        var reply = await gateway.Rest.GetAsync(
            $"{batch.Path}/status?{query.Replace("TOKEN", Query, StringComparison.Ordinal)}");

        // Two of them are one too many, and no secret less.
        Assert.Equal(query.StartsWith("bearer_token=x", StringComparison.Ordinal) ? 401 : 200, reply.Status);
        AssertLogged(gateway, $"{batch.Path}/status{logged} - ");
        AssertNoCanary(gateway);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        context.Response.StatusCode = context.Request.Path.Value!.EndsWith("fail", StringComparison.Ordinal) ? 400 : 200;
        context.Response.Headers["X-Reply"] = Reply;
        if (context.Request.Path.Value.EndsWith("cut", StringComparison.Ordinal))
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync(Reply);
            context.Abort();
            return;
        }

        await TestApi.JsonAsync(context, $$"""{"reply": "{{Reply}}", "cursor": "{{Reply}}"}""");
    }

    private static async Task CallRestAsync(Gateway gateway)
    {
        using var caller = gateway.RestAs($"Bearer {Token}");
        const string Requests =
            $$$"""
            [{"path": "x", "method": "POST", "body": {"a": "{{{Body}}}"}, "headers": {"X-Field": "{{{Field}}}"}},
             {"path": "fail", "method": "PUT", "body": "{{{Body}}}"},
             {"path": "cut"},
             {"path": "down", "method": "POST", "body": "{{{Body}}}"},
             {"path": "pages", "spawner": true, "params": {"limit": 150}}]
            """;
        var batch = await caller.SubmitAsync(Requests);
        await caller.WaitUntilDoneAsync(batch.Id);
        (await caller.GetAsync(batch.Path)).Success();
        (await caller.GetAsync($"{batch.Path}/results?after=0")).Success();
        (await caller.GetAsync($"{RestClient.BatchPath}/1234567890123456")).Error(404, "NOT_FOUND");
        foreach (var bad in new[]
        {
            Body,
            $$"""["{{Body}}"]""",
            $$"""[{"path": "x", "body": "{{Body}}}]""",
            $$$"""[{"path": "x", "method": 5, "body": "{{{Body}}}", "headers": {"X-Field": "{{{Field}}}\r\n"}}]""",
            $$$"""[{"path": "x", "headers": {"Host": "{{{Field}}}", "{{{Body}}} ": ""}}]""",
            $$"""[{"path": "x", "method": "{{Body}}", "params": "{{Body}}", "headers": "{{Field}}", "spawner": "{{Body}}"}]""",
        })
        {
            (await caller.PostAsync(bad)).Error(400, "INVALID_ARGUMENT");
        }
    }

    private static async Task CallKeyedAsync(Gateway gateway)
    {
        using var caller = gateway.RestAs($"Bearer {Token}");
        foreach (var (body, status) in new[]
        {
            ($$$$"""{"a": {"method": "POST", "url": "/x", "payload": "{{{{Body}}}}", "headers": {"X-Field": "{{{{Field}}}}"}}}""", 200),
            ($$$"""{"a": {"url": "/fail"}, "b": {"method": "POST", "url": "/down", "data": "{{{Body}}}"}, "c": "/cut"}""", 200),
            ($$$"""{"a": {"url": "/x", "method": "{{{Body}}}", "payload": "{{{Body}}}", "data": "{{{Body}}}"}}""", 200),
            ($$$"""{"a": {"url": "/x", "payload": "{{{Body}}}}""", 400),
            (Body, 400),
        })
        {
            Assert.Equal(status, (await caller.PostAsync(body, "/api/v2/batch")).Status);
        }

        (await gateway.Rest.GetAsync($"/api/v2/batch?get[a]=/x&bearer_token={Query}")).Success();
    }

    private static async Task CallGrpcAsync(Gateway gateway)
    {
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var metadata = new Metadata { { "authorization", $"Bearer {Token}" } };
        var request = new Request
        {
            Path = "x",
            Method = "POST",
            Body = ByteString.CopyFromUtf8(Body),
            Headers = { ["X-Field"] = Field },
        };
        await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { request } }, metadata);
        await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(
            new RunBatchRequest { Calls = { new KeyedRequest { Key = "a", Request = request } } }, metadata);
        await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { new Request(request) { Path = "..", Headers = { ["Host"] = Field } } } },
            metadata));
        await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = "5" }, metadata));
    }

    // What no HTTP client sends, and Kestrel quotes when it can't read it.
    private static async Task SendRawAsync(Gateway gateway)
    {
        foreach (var request in new[]
        {
            $"GET /api/v0/batch?bearer_token={Query} HTTP/9.9\r\n\r\n",
            $"GET /api/v0/b\u0001?bearer_token={Query} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"G\"T /api/v0/batch?bearer_token={Query} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET api/v0/batch?bearer_token={Query} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET http://x:y:z/api?bearer_token={Query} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            $"GET /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer {Token}\r\n\r\n",
            $"GET /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Token}\u0001\r\n\r\n",
            $"GET /api/v0/batch HTTP/1.1\r\nHost: {Token} {Token}\r\n\r\n",
            $"POST /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Body}\r\n\r\n",
            $"POST /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{Body}\r\n",
        })
        {
            await RawHttp.SendAsync(gateway.Address, request.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal));
        }
    }

    // The request's end is logged after the client has its reply.
    private static void AssertLogged(Gateway gateway, string text) =>
        Assert.Contains(gateway.Logs.All, entry => entry.Contains(text, StringComparison.Ordinal));

    private static void AssertNoCanary(Gateway gateway) =>
        Assert.DoesNotContain(gateway.Logs.All, entry => entry.Contains(Canary, StringComparison.OrdinalIgnoreCase));
}
