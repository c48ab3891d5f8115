using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Security.Identity;

/// <summary>A proxy in front of the gateway says who calls.</summary>
public sealed class TrustedHeaderTests
{
    private const string Header = "X-Authenticated-User";
    private const string Mode = "--Batch:Identity:Mode=TrustedHeader";
    private const string FromHere = "--Batch:Identity:TrustedNetworks:0=127.0.0.0/8";
    private const string FromElsewhere = "--Batch:Identity:TrustedNetworks:0=10.0.0.0/8";

    [Fact]
    public async Task Calls_FromTheProxy_AreThoseOfTheUserItNames()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Mode, FromHere);
        using var session = gateway.RestAs("Bearer session-of-the-proxy");

        var created = (await session.SendAsync(
            HttpMethod.Post,
            RestClient.BatchPath,
            new StringContent("""[{"path": "x"}]"""),
            headers => headers.Add(Header, "alice"))).Success();
        var path = $"{RestClient.BatchPath}/{created.Batch.GetProperty("id").GetString()}/status";
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request has come");

        // Whatever else the calls carry, the user is who it is.
        Assert.Equal(200, (await GetAsync(gateway.Rest, path, "alice")).Status);
        (await GetAsync(session, path, "bob")).Error(404, "NOT_FOUND");
        (await GetAsync(session, path, "Alice")).Error(404, "NOT_FOUND");
        Assert.Empty((await GetAsync(session, RestClient.BatchPath, "bob")).Success().BatchIds);
        Assert.Single((await gateway.Grpc.ListBatchesAsync(
            new ListBatchesRequest(), new Metadata { { Header, "alice" } })).Batches);

        // The API is told the user, by the proxy's word and nothing else.
        var sent = Assert.Single(api.Requests).Headers;
        Assert.Equal("alice", sent[Header]);
        Assert.DoesNotContain("Authorization", sent.Keys);
    }

    [Fact]
    public async Task Calls_HeaderNotToBeForwarded_ReachTheApiWithoutCredential()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, Mode, FromHere, "--Batch:Identity:ForwardHeader=false", "--Batch:Identity:Header=X-User");

        (await gateway.Rest.SendAsync(
            HttpMethod.Post,
            RestClient.BatchPath,
            new StringContent("""[{"path": "x"}]"""),
            headers => headers.Add("X-User", "alice"))).Success();

        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request has come");
        var sent = Assert.Single(api.Requests).Headers;
        Assert.DoesNotContain("X-User", sent.Keys);
        Assert.DoesNotContain("Authorization", sent.Keys);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("alice")]
    public async Task Calls_FromElsewhere_AreUnauthenticated(string? user)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, Mode, FromElsewhere, "--Batch:Identity:AllowAnonymous=true");
        var metadata = user is null ? new Metadata() : new Metadata { { Header, user } };

        var rest = await GetAsync(gateway.Rest, RestClient.BatchPath, user);
        var grpc = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest(), metadata));

        rest.Error(401, "UNAUTHENTICATED");
        Assert.Contains("proxy", rest.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("TrustedHeader realm=\"batch\"", rest.Headers.WwwAuthenticate.ToString());
        Assert.Equal(StatusCode.Unauthenticated, grpc.StatusCode);
    }

    // The setting makes ASP.NET Core believe anybody about where they call from.
    [Fact]
    public async Task Calls_FromElsewhereThatClaimAnotherAddress_AreUnauthenticated()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, Mode, FromElsewhere, "--ForwardedHeaders_Enabled=true");

        var reply = await gateway.Rest.SendAsync(HttpMethod.Get, RestClient.BatchPath, addHeaders: headers =>
        {
            headers.Add(Header, "alice");
            headers.Add("X-Forwarded-For", "10.0.0.1");
        });

        reply.Error(401, "UNAUTHENTICATED");
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData("true", 200)]
    public async Task Calls_WithoutUser_AreUnauthenticatedUnlessAnonymousIsAllowed(string? allowed, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, Mode, FromHere, $"--Batch:Identity:AllowAnonymous={allowed}");

        Assert.Equal(status, (await gateway.Rest.GetAsync(RestClient.BatchPath)).Status);
    }

    // A proxy that adds its field to what the client has sent, instead of replacing it.
    [Fact]
    public async Task Calls_WithTwoUsers_AreUnauthenticated()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Mode, FromHere);

        var reply = await RawHttp.SendAsync(
            gateway.Address,
            $"GET /api/v0/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{Header}: admin\r\n{Header}: bob\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 401", reply, StringComparison.Ordinal);
        Assert.Contains($"{Header} must be given once only.", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Authenticated-User")]
    [InlineData("x-authenticated-user")]
    [InlineData("X_Authenticated_User")]
    [InlineData("Authorization")]
    public async Task Submit_RequestThatNamesAUserItself_IsRefused(string name)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Mode, FromHere);

        var reply = await gateway.Rest.SendAsync(
            HttpMethod.Post,
            RestClient.BatchPath,
            new StringContent($$$"""[{"path": "x", "headers": {"{{{name}}}": "admin"}}]"""),
            headers => headers.Add(Header, "alice"));
        var keyed = await gateway.Rest.SendAsync(
            HttpMethod.Post,
            "/api/v2/batch",
            new StringContent($$$$"""{"a": {"url": "/x", "headers": {"{{{{name}}}}": "admin"}}}"""),
            headers => headers.Add(Header, "alice"));

        Assert.Equal([$"[0].headers[{name}]"], reply.Error(400, "INVALID_ARGUMENT").ErrorFields);
        Assert.Equal(400, keyed.Json.GetProperty("a").GetProperty("headers").GetProperty("status-code").GetInt32());
        Assert.Empty(api.Requests);
    }

    private static Task<RestReply> GetAsync(RestClient client, string path, string? user) =>
        client.SendAsync(HttpMethod.Get, path, addHeaders: headers =>
        {
            if (user is not null)
            {
                headers.Add(Header, user);
            }
        });
}
