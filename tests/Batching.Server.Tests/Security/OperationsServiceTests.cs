using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Security;

/// <summary>Operators see who holds how much, and can stop a batch of anybody; nobody else can.</summary>
public sealed class OperationsServiceTests
{
    private const string OwnersPath = "/operations/v1/owners";
    private const string BatchesPath = "/operations/v1/batches";

    [Fact]
    public async Task ListOwners_SeveralOwners_HasThoseWhoHoldMostFirst()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(_ => gate.Task);
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        using var alice = new RestClient(gateway.Address, "Bearer alice");
        await alice.SubmitPathsAsync("a", "b", "c");
        await gateway.Rest.SubmitPathsAsync("d");
        await gateway.Rest.SubmitPathsAsync("e");
        using var channel = GrpcChannel.ForAddress(url);
        var operations = new OperationsService.OperationsServiceClient(channel);

        var byRequests = (await operations.ListOwnersAsync(new ListOwnersRequest())).Owners;
        var byBatches = (await operations.ListOwnersAsync(new ListOwnersRequest { Order = OwnerOrder.Batches, Limit = 1 })).Owners;

        Assert.Equal([(1, 3L, ""), (2, 2L, "anonymous")], byRequests.Select(owner => (owner.Batches, owner.Requests, owner.Name)));
        Assert.All(byRequests, owner => Assert.True(owner.Bytes > 0));
        Assert.Equal("anonymous", Assert.Single(byBatches).Name);
        Assert.DoesNotContain("alice", byRequests.ToString(), StringComparison.OrdinalIgnoreCase);
        gate.SetResult();
    }

    [Fact]
    public async Task ListOwners_ApiKeys_HaveTheirNames()
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(
            api,
            $"--Batch:Operations:Url={url}",
            "--Batch:Identity:Mode=ApiKey",
            "--Batch:Identity:ApiKeys:0:Owner=shop",
            "--Batch:Identity:ApiKeys:0:Hash=2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
        using var shop = new RestClient(gateway.Address, "Bearer secret");
        await shop.SubmitPathsAsync("a");
        using var operator_ = new RestClient(url);

        var owners = (await operator_.GetAsync($"{OwnersPath}?order=OWNER_ORDER_BYTES")).Success().Json.GetProperty("owners");

        Assert.Equal("shop", Assert.Single(owners.EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task CancelOwnerBatch_OfAnybody_StopsIt()
    {
        var gate = new TaskCompletionSource();
        await using var api = await TestApi.StartAsync(_ => gate.Task);
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        using var alice = new RestClient(gateway.Address, "Bearer alice");
        var batch = await alice.SubmitPathsAsync("a", "b");
        using var operator_ = new RestClient(url);
        var owner = (await operator_.GetAsync(OwnersPath)).Success().Json.GetProperty("owners")[0].GetProperty("id").GetString()!;

        var listed = (await operator_.GetAsync($"{BatchesPath}?owner={Uri.EscapeDataString(owner)}")).Success().Json;
        var cancelled = (await CancelAsync(operator_, batch.Id)).Success().Json;

        Assert.Equal(batch.Id, Assert.Single(listed.GetProperty("batches").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(batch.Id, cancelled.GetProperty("batch").GetProperty("id").GetString());
        await alice.WaitUntilDoneAsync(batch.Id);
        var results = (await alice.GetAsync($"{RestClient.BatchPath}/{batch.Id}?after=0")).Success().Requests;
        Assert.All(results, result => Assert.Equal(499, result.GetProperty("responseStatusCode").GetInt32()));
        gate.SetResult();
    }

    [Theory]
    [InlineData("1234567890123456", 404)]
    [InlineData("nonsense", 400)]
    public async Task CancelOwnerBatch_NoBatch_IsRefused(string id, int status)
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        using var operator_ = new RestClient(url);

        Assert.Equal(status, (await CancelAsync(operator_, id)).Status);
        Assert.Equal(400, (await operator_.GetAsync($"{BatchesPath}")).Status);
        Assert.Equal(400, (await operator_.GetAsync($"{OwnersPath}?limit=-1")).Status);
    }

    // With an address for operators, and without: then they have none at all.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PublicPort_Operations_AreNotThere(bool hasAddress)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(
            api, hasAddress ? [$"--Batch:Operations:Url={FreePort.FindUrl()}"] : []);
        var batch = await gateway.Rest.SubmitPathsAsync("a");
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var operations = new OperationsService.OperationsServiceClient(channel);

        Assert.Equal(404, (await gateway.Rest.GetAsync(OwnersPath)).Status);
        Assert.Equal(404, (await gateway.Rest.GetAsync($"{BatchesPath}?owner=anonymous")).Status);
        Assert.Equal(404, (await CancelAsync(gateway.Rest, batch.Id)).Status);
        Assert.Equal(StatusCode.Unimplemented, await CodeOfAsync(() => operations.ListOwnersAsync(new ListOwnersRequest()).ResponseAsync));
        Assert.Equal(
            StatusCode.Unimplemented,
            await CodeOfAsync(() => operations.CancelOwnerBatchAsync(new CancelOwnerBatchRequest { BatchId = batch.Id }).ResponseAsync));
    }

    // A page of any origin could cancel batches through the browser of an operator.
    [Fact]
    public async Task CancelOwnerBatch_FromAForeignPage_IsRefused()
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        var batch = await gateway.Rest.SubmitPathsAsync("a");
        using var operator_ = new RestClient(url);

        var reply = await operator_.SendAsync(
            HttpMethod.Post,
            $"{BatchesPath}/{batch.Id}:cancel",
            addHeaders: headers => headers.Add("Origin", "https://elsewhere.example"));

        Assert.Equal(403, reply.Status);
    }

    private static Task<RestReply> CancelAsync(RestClient client, string id) => client.SendAsync(
        HttpMethod.Post, $"{BatchesPath}/{id}:cancel", new StringContent("{}", Encoding.UTF8, "application/json"));

    private static async Task<StatusCode> CodeOfAsync<T>(Func<Task<T>> call) =>
        (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;
}
