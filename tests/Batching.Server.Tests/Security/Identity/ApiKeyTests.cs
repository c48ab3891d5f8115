using System.Security.Cryptography;
using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Security.Identity;

/// <summary>Callers have keys of the gateway's own.</summary>
public sealed class ApiKeyTests
{
    private const string OldKey = "old-key-of-the-shop-5Zk";
    private const string NewKey = "new-key-of-the-shop-7Qp";
    private const string OtherKey = "key-of-the-office-1Xv";

    private static readonly string[] Settings =
    [
        "--Batch:Identity:Mode=ApiKey",
        "--Batch:Identity:ApiKeys:0:Owner=shop",
        $"--Batch:Identity:ApiKeys:0:Hash={Hash(OldKey)}",
        "--Batch:Identity:ApiKeys:0:Authorization=Bearer of-the-shop-at-the-api",
        "--Batch:Identity:ApiKeys:1:Owner=shop",
        $"--Batch:Identity:ApiKeys:1:Hash={Hash(NewKey).ToLowerInvariant()}",
        "--Batch:Identity:ApiKeys:2:Owner=office",
        $"--Batch:Identity:ApiKeys:2:Hash={Hash(OtherKey)}",
    ];

    [Fact]
    public async Task Calls_WithKeysOfOneOwner_SeeTheSameBatches()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);
        using var old = gateway.RestAs($"Bearer {OldKey}");
        using var other = gateway.RestAs($"Bearer {OtherKey}");
        var batch = await old.SubmitPathsAsync("x");
        await old.WaitUntilDoneAsync(batch.Id);

        Assert.Equal(200, (await GetAsync(gateway, $"{batch.Path}/status", NewKey)).Status);
        Assert.Equal(200, (await gateway.Rest.GetAsync($"{batch.Path}/status?bearer_token={NewKey}")).Status);
        Assert.Single((await gateway.Grpc.ListBatchesAsync(
            new ListBatchesRequest(), new Metadata { { "x-api-key", NewKey } })).Batches);
        (await GetAsync(gateway, $"{batch.Path}/status", OtherKey)).Error(404, "NOT_FOUND");
        (await other.GetAsync($"{batch.Path}/status")).Error(404, "NOT_FOUND");
        Assert.Empty((await other.GetAsync(RestClient.BatchPath)).Success().BatchIds);
    }

    [Theory]
    [InlineData(OldKey, "Bearer of-the-shop-at-the-api")]
    [InlineData(NewKey, null)]
    public async Task Api_IsSentTheCredentialOfTheKey_NeverTheKey(string key, string? expected)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);

        (await gateway.Rest.SendAsync(
            HttpMethod.Post,
            RestClient.BatchPath,
            new StringContent("""[{"path": "x"}]"""),
            headers => headers.Add("X-API-Key", key))).Success();
        (await gateway.Rest.SendAsync(
            HttpMethod.Post,
            "/api/v2/batch",
            new StringContent("""{"a": "/x"}"""),
            headers => headers.Add("Authorization", $"Bearer {key}"))).Success();

        await Eventually.BeTrueAsync(() => api.Requests.Count == 2, "the requests have come");
        Assert.All(api.Requests, request =>
        {
            Assert.Equal(expected, request.Headers.GetValueOrDefault("Authorization"));
            Assert.DoesNotContain(request.Headers.Values, value => value.Contains(key, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer unknown")]
    [InlineData("Bearer ")]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData(OldKey)]
    [InlineData("Bearer of-the-shop-at-the-api")]
    public async Task Calls_WithoutAKeyThatIsKnown_AreUnauthenticated(string? authorization)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);
        using var caller = new RestClient(gateway.Address, authorization);

        var reply = await caller.GetAsync(RestClient.BatchPath);

        reply.Error(401, "UNAUTHENTICATED");
        Assert.Equal("Bearer realm=\"batch\"", reply.Headers.WwwAuthenticate.ToString());
        (await GetAsync(gateway, RestClient.BatchPath, Hash(OldKey))).Error(401, "UNAUTHENTICATED");
    }

    [Theory]
    [InlineData(OldKey, $"Bearer {OldKey}", "")]
    [InlineData(OldKey, $"Bearer {OtherKey}", "")]
    [InlineData(OldKey, "Basic dXNlcjpwYXNz", "")]
    [InlineData(OldKey, null, $"?bearer_token={OtherKey}")]
    [InlineData(null, $"Bearer {OldKey}", $"?bearer_token={OtherKey}")]
    public async Task Calls_WithTwoCredentials_AreUnauthenticated(string? key, string? authorization, string query)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Settings);
        using var caller = new RestClient(gateway.Address, authorization);

        var reply = await caller.SendAsync(HttpMethod.Get, RestClient.BatchPath + query, addHeaders: headers =>
        {
            if (key is not null)
            {
                headers.Add("X-API-Key", key);
            }
        });

        reply.Error(401, "UNAUTHENTICATED");
        Assert.DoesNotContain("not known", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_WithoutKeyWhereAnonymousIsAllowed_AreServed_ButNotThoseWithAWrongOne()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, [.. Settings, "--Batch:Identity:AllowAnonymous=true"]);

        Assert.Equal(200, (await gateway.Rest.GetAsync(RestClient.BatchPath)).Status);
        Assert.Equal(401, (await GetAsync(gateway, RestClient.BatchPath, "wrong")).Status);
    }

    private static string Hash(string key) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static Task<RestReply> GetAsync(Gateway gateway, string path, string key) =>
        gateway.Rest.SendAsync(HttpMethod.Get, path, addHeaders: headers => headers.Add("X-API-Key", key));
}
