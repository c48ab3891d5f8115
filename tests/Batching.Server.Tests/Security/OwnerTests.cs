using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Security;

/// <summary>A batch exists for nobody but its owner.</summary>
public sealed class OwnerTests
{
    private const string Owner = "Bearer owner-token";

    [Theory]
    [InlineData(Owner, "Bearer other-token")]
    [InlineData(Owner, null)]
    [InlineData(Owner, "Bearer Owner-token")]
    [InlineData(Owner, "Basic b3duZXItdG9rZW4=")]
    [InlineData(null, Owner)]
    public async Task RestCalls_ByAnybodyElse_AreTheSame404AsForNoBatchAtAll(string? owner, string? other)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var mine = new RestClient(gateway.Address, owner);
        using var others = new RestClient(gateway.Address, other);
        var batch = await mine.SubmitPathsAsync("x");
        await mine.WaitUntilDoneAsync(batch.Id);
        var unknown = new string([.. batch.Id.Select((digit, i) => i == 15 ? (digit == '9' ? '1' : '9') : digit)]);

        foreach (var (method, path) in new[]
        {
            ("GET", ""), ("GET", "?after=0"), ("GET", $"?request_ids={batch.RequestIds[0]}"), ("GET", "/status"),
            ("GET", "/status?detailed=true"), ("GET", "/results"), ("GET", "/results?after=0"), ("POST", "/cancel"),
            ("DELETE", ""),
        })
        {
            var foreign = await others.SendAsync(new HttpMethod(method), batch.Path + path);
            var nothing = await others.SendAsync(new HttpMethod(method), $"{RestClient.BatchPath}/{unknown}{path}");
            foreign.Error(404, "NOT_FOUND");
            Assert.Equal(nothing.Text, foreign.Text.Replace(batch.Id, unknown, StringComparison.Ordinal));
        }

        Assert.Empty((await others.GetAsync(RestClient.BatchPath)).Success().BatchIds);
        // Nothing of that has done anything to it.
        Assert.Single((await mine.GetAsync(batch.Path)).Success().Requests);
        Assert.Equal([batch.Id], (await mine.GetAsync(RestClient.BatchPath)).Success().BatchIds);
    }

    // RawHttp sends a byte for each character.
    [Theory]
    [InlineData("Bearer J\u00C3\u00B6rg", "Bearer Jörg")]
    [InlineData("Bearer J\u00F6rg", "Bearer Jörg")]
    [InlineData("Bearer \u00E4\u00BD\u00A0\u00E5\u00A5\u00BD", "Bearer 你好")]
    public async Task Submit_CredentialBeyondAscii_IsUtf8ElseLatin1(string bytes, string expected)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var reply = await RawHttp.SendAsync(
            gateway.Address,
            $"POST {RestClient.BatchPath} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 15\r\n"
            + $"Authorization: {bytes}\r\nReferer: /\u00FC\r\n\r\n[{{\"path\": \"x\"}}]");
        Assert.StartsWith("HTTP/1.1 200", reply, StringComparison.Ordinal);
        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request has come");
        Assert.Equal(expected, api.Requests.Single().Headers["Authorization"]);

        // Of the same owner, wherever it stands.
        using var query = new RestClient(gateway.Address, null);
        var token = Uri.EscapeDataString(expected["Bearer ".Length..]);
        Assert.Single((await query.GetAsync($"{RestClient.BatchPath}?bearer_token={token}")).Success().BatchIds);
    }

    // RFC 9110, section 11.1: the name of a scheme is the same in any case. What comes behind it isn't.
    [Theory]
    [InlineData("Bearer owner-token", "bearer owner-token")]
    [InlineData("BEARER owner-token", "Bearer owner-token")]
    [InlineData("basic b3duZXI6dG9rZW4=", "Basic b3duZXI6dG9rZW4=")]
    [InlineData("Token x", "token x")]
    public async Task Calls_SchemeInAnotherCase_AreOfTheSameOwnerAndForwardedAsTheyCame(string first, string second)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var mine = new RestClient(gateway.Address, first);
        using var also = new RestClient(gateway.Address, second);
        var batch = await mine.SubmitPathsAsync("x");
        await also.WaitUntilDoneAsync(batch.Id);

        Assert.Single((await also.GetAsync(batch.Path)).Success().Requests);
        Assert.Equal([batch.Id], (await also.GetAsync(RestClient.BatchPath)).Success().BatchIds);
        Assert.Equal(first, Assert.Single(api.Requests).Headers["Authorization"]);
    }

    [Theory]
    [InlineData("Bearer other-token")]
    [InlineData(null)]
    public async Task GrpcCalls_ByAnybodyElse_AreNotFound(string? other)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var grpc = gateway.Grpc;
        var mine = new Metadata { { "authorization", Owner } };
        var others = new Metadata();
        if (other is not null)
        {
            others.Add("authorization", other);
        }

        var batch = (await grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { new Request { Path = "x" } } }, mine)).Batch;
        var calls = new Func<Task>[]
        {
            async () => await grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = batch.Id }, others),
            async () => await grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id }, others),
            async () => await grpc.CancelBatchAsync(new CancelBatchRequest { BatchId = batch.Id }, others),
            async () => await grpc.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batch.Id }, others),
            async () =>
            {
                using var call = grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id }, others);
                await call.ResponseStream.MoveNext(CancellationToken.None);
            },
        };
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal(StatusCode.NotFound, error.StatusCode);
            Assert.Equal($"There is no batch {batch.Id}.", error.Status.Detail);
        }

        Assert.Empty((await grpc.ListBatchesAsync(new ListBatchesRequest(), others)).Batches);
        Assert.Single((await grpc.ListBatchesAsync(new ListBatchesRequest(), mine)).Batches);
    }

    [Fact]
    public async Task BearerToken_InTheQuery_IsTheSameAsTheHeader()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync(
            """[{"path": "x"}]""", $"{RestClient.BatchPath}?bearer_token=owner-token")).Success();

        var id = reply.Batch.GetProperty("id").GetString()!;
        using var owner = gateway.RestAs(Owner);
        await owner.WaitUntilDoneAsync(id);
        Assert.Equal(Owner, Assert.Single(api.Requests).Headers["Authorization"]);
        (await gateway.Rest.GetAsync($"{RestClient.BatchPath}/{id}/status")).Error(404, "NOT_FOUND");
        (await gateway.Rest.GetAsync($"{RestClient.BatchPath}/{id}/status?bearer_token=owner-token")).Success();
        (await gateway.Rest.GetAsync($"{RestClient.BatchPath}/{id}/results?bearer_token=owner-token")).Success();
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNz", "Bearer owner-token")]
    [InlineData("basic dXNlcjpwYXNz", "Bearer owner-token")]
    public async Task BearerToken_BesideBasic_Wins(string header, string sent)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var caller = gateway.RestAs(header);

        (await caller.PostAsync("""[{"path": "x"}]""", $"{RestClient.BatchPath}?bearer_token=owner-token")).Success();

        await Eventually.BeTrueAsync(() => api.Requests.Count == 1, "the request has come");
        Assert.Equal(sent, Assert.Single(api.Requests).Headers["Authorization"]);
        using var owner = gateway.RestAs(sent);
        Assert.Single((await owner.GetAsync(RestClient.BatchPath)).Success().BatchIds);
    }

    [Fact]
    public async Task Submit_WithoutCredential_SendsNone()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        await gateway.Rest.RunAsync("""{"path": "x"}""");

        Assert.DoesNotContain("Authorization", Assert.Single(api.Requests).Headers.Keys);
    }
}
