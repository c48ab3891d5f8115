using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Security.Identity;

/// <summary>Callers without credential, where there are to be none.</summary>
public sealed class AnonymousTests
{
    private const string Forbidden = "--Batch:Identity:AllowAnonymous=false";

    [Theory]
    [InlineData("POST", "/api/v0/batch")]
    [InlineData("GET", "/api/v0/batch")]
    [InlineData("GET", "/api/v0/batch/1234567890123456")]
    [InlineData("GET", "/api/v0/batch/1234567890123456/status")]
    [InlineData("GET", "/api/v0/batch/1234567890123456/results")]
    [InlineData("POST", "/api/v0/batch/1234567890123456/cancel")]
    [InlineData("DELETE", "/api/v0/batch/1234567890123456")]
    public async Task RestCall_AnonymousForbidden_Is401BeforeAnythingIsRead(string method, string path)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Forbidden);

        // Were it read, the body would be the problem.
        var reply = await gateway.Rest.SendAsync(
            new HttpMethod(method), path, method == "POST" ? new StringContent("no JSON") : null);

        reply.Error(401, "UNAUTHENTICATED");
        Assert.Equal("Bearer realm=\"batch\"", reply.Headers.WwwAuthenticate.ToString());
        using var caller = gateway.RestAs("Bearer token");
        Assert.NotEqual(401, (await caller.SendAsync(new HttpMethod(method), path)).Status);
    }

    [Theory]
    [InlineData("POST", "")]
    [InlineData("GET", "?get=/x")]
    public async Task KeyedCall_AnonymousForbidden_Is401InTheFormOfKeyedBatches(string method, string query)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Forbidden);

        var reply = await gateway.Rest.SendAsync(
            new HttpMethod(method), "/api/v2/batch" + query, method == "POST" ? new StringContent("no JSON") : null);

        Assert.Equal(401, reply.Status);
        Assert.Equal(
            """{"status":401,"code":"unauthenticated","message":"The call needs a credential."}""", reply.Text);
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task GrpcCalls_AnonymousForbidden_AreUnauthenticated()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Forbidden);
        using var channel = GrpcChannel.ForAddress(gateway.Address);

        var unary = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest()));
        var stream = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = "1" });
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });
        var upload = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // The refusal comes while the client could still send.
            using var call = gateway.Grpc.UploadBatch();
            await call.ResponseAsync;
        });
        var keyed = await Assert.ThrowsAsync<RpcException>(async () =>
            await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(new RunBatchRequest()));

        foreach (var error in new[] { unary, stream, upload, keyed })
        {
            Assert.Equal(
                new Status(StatusCode.Unauthenticated, "The call needs a credential."),
                new Status(error.StatusCode, error.Status.Detail));
        }

        Assert.Empty((await gateway.Grpc.ListBatchesAsync(
            new ListBatchesRequest(), new Metadata { { "authorization", "Bearer token" } })).Batches);
    }

    [Fact]
    public async Task GrpcWebCall_AnonymousForbidden_HasTheStatusInItsHeaders()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Forbidden);
        var body = new ByteArrayContent([0, 0, 0, 0, 0]);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/grpc-web+proto");

        var reply = await gateway.Rest.SendAsync(HttpMethod.Post, "/batch.v1.BatchService/ListBatches", body);

        Assert.Equal(200, reply.Status);
        Assert.Equal(["16"], reply.Headers.GetValues("grpc-status"));
        Assert.StartsWith(
            "application/grpc-web", reply.ContentHeaders.ContentType!.MediaType, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SuppressResponseCodes_AnonymousForbidden_IsHeededAsForAllErrors()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Forbidden);

        var reply = await gateway.Rest.GetAsync("/api/v0/batch?suppress_response_codes=true");

        Assert.Equal(200, reply.Status);
        Assert.Equal(401, reply.Json.GetProperty("statusCode").GetInt32());
    }

    // Which one counts would depend on who reads them.
    [Theory]
    [InlineData("bearer_token=a&bearer_token=b", null, 401)]
    [InlineData("bearer_token=a&x=1&Bearer%5Ftoken=a", null, 401)]
    [InlineData("bearer_token=a", "Bearer b", 401)]
    [InlineData("bearer_token=a", "Bearer a", 401)]
    [InlineData("bearer_token=a", "b", 401)]
    [InlineData("bearer_token=a&bearer_token=b", "Basic dTpw", 401)]
    [InlineData("bearer_token=a", "Basic dTpw", 200)]
    [InlineData("bearer_token=a&bearer_token=", null, 200)]
    [InlineData("bearer_token=", "Bearer b", 200)]
    public async Task RestCall_TokenBesideAnotherCredential_Is401(string query, string? authorization, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var caller = new RestClient(gateway.Address, authorization);

        var replies = new[]
        {
            await caller.GetAsync($"/api/v0/batch?{query}"),
            await caller.GetAsync($"/api/v1/batches?{query}"),
            await caller.PostAsync("""{"a": "/x"}""", $"/api/v2/batch?{query}"),
        };

        Assert.All(replies, reply => Assert.Equal(status, reply.Status));
        Assert.Equal(status == 200 ? 1 : 0, api.Requests.Count);
        if (status == 401)
        {
            Assert.All(replies, reply => Assert.Contains("Authorization must be given once only.", reply.Text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task RestCall_TwoCredentials_Is401()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await RawHttp.SendAsync(
            gateway.Address,
            "GET /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 401", reply, StringComparison.Ordinal);
        Assert.Contains("Authorization must be given once only.", reply, StringComparison.Ordinal);
    }
}
