using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Quotas;

/// <summary>What callers are told whose quota is used up: over gRPC, and in the form of each REST path.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _gate = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path != "/quick")
            {
                await _gate.Task;
            }

            await TestApi.JsonAsync(context, "{}");
        });
        _gateway = await Gateway.StartAsync(
            _api, "--Batch:Quotas:Batches=1", "--Batch:Quotas:Streams=1", "--Batch:Quotas:KeyedBatches=1");
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Submit_OverREST_Is429WithTheLimitAndRetryAfter()
    {
        await _gateway.Rest.SubmitPathsAsync("slow");

        var reply = await _gateway.Rest.PostAsync("""[{"path": "more"}]""");

        reply.Error(429, "RESOURCE_EXHAUSTED");
        Assert.Equal(TimeSpan.FromSeconds(5), reply.Headers.RetryAfter?.Delta);
        Assert.Contains(
            "may have 1 (Batch:Quotas:Batches)", reply.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        using var other = _gateway.RestAs("Bearer another one");
        await other.SubmitPathsAsync("slow");
    }

    [Fact]
    public async Task Submit_OverGrpc_IsResourceExhaustedWithDetails()
    {
        await _gateway.Rest.SubmitPathsAsync("slow");

        var error = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { new Request { Path = "/more" } } }));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        var details = error.GetRpcStatus()!.Details;
        var violation = Assert.Single(Get<QuotaFailure>(details).Violations);
        Assert.Equal(("Batch:Quotas:Batches", error.Status.Detail), (violation.Subject, violation.Description));
        Assert.Equal(5, Get<RetryInfo>(details).RetryDelay.Seconds);
        var info = Get<ErrorInfo>(details);
        Assert.Equal(("QUOTA_EXCEEDED", "batch"), (info.Reason, info.Domain));
        Assert.Equal(
            ("Batch:Quotas:Batches", "1"), (info.Metadata["quota_limit"], info.Metadata["quota_limit_value"]));
    }

    [Theory]
    [InlineData("GET", "/api/v0/batch", "error")]
    [InlineData("POST", "/api/v0/batch", "error")]
    [InlineData("GET", "/api/v0/batch/1234567890123456/results", "error")]
    [InlineData("POST", "/api/v2/batch", "code")]
    public async Task Call_TooOften_Is429InTheFormOfItsPath(string method, string path, string property)
    {
        await using var gateway = await Gateway.StartAsync(
            _api, "--Batch:Quotas:CallsPerSecond=1", "--Batch:Quotas:CallBurst=1");
        using var other = gateway.RestAs("Bearer another one");
        await Eventually.BeTrueAsync(
            async () => (await other.GetAsync(RestClient.BatchPath)).Status == 429, "a call comes too often");

        // The others have calls of their own.
        (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success();
        RestReply? reply = null;
        await Eventually.BeTrueAsync(
            async () => (reply = await gateway.Rest.SendAsync(new HttpMethod(method), path)).Status == 429,
            "a call comes too often");

        Assert.Equal(TimeSpan.FromSeconds(1), reply!.Headers.RetryAfter?.Delta);
        Assert.Equal("resource_exhausted", reply.Json.GetProperty(property).GetString()?.ToLowerInvariant());
        Assert.Contains(
            "1 calls a second (Batch:Quotas:CallsPerSecond)",
            reply.Json.GetProperty("message").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_TooOftenOverGrpc_IsResourceExhaustedWithDetails()
    {
        await using var gateway = await Gateway.StartAsync(
            _api, "--Batch:Quotas:CallsPerSecond=1", "--Batch:Quotas:CallBurst=1");
        RpcException? error = null;
        await Eventually.BeTrueAsync(
            async () =>
            {
                try
                {
                    await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest());
                    return false;
                }
                catch (RpcException exception)
                {
                    error = exception;
                    return true;
                }
            },
            "a call comes too often");

        Assert.Equal(StatusCode.ResourceExhausted, error!.StatusCode);
        var details = error.GetRpcStatus()!.Details;
        Assert.Equal("Batch:Quotas:CallsPerSecond", Assert.Single(Get<QuotaFailure>(details).Violations).Subject);
        Assert.NotNull(Get<RetryInfo>(details).RetryDelay);
    }

    [Fact]
    public async Task Results_OneStreamTooMany_IsRefusedUntilTheOtherIsClosed()
    {
        // A stream has begun once its first record is there.
        var batch = await _gateway.Rest.SubmitPathsAsync("quick", "slow");
        using (await _gateway.Rest.OpenAsync($"{batch.Path}/results", "text/event-stream"))
        {
            var reply = await _gateway.Rest.GetAsync($"{batch.Path}/results");
            reply.Error(429, "RESOURCE_EXHAUSTED");
            Assert.Equal(TimeSpan.FromSeconds(1), reply.Headers.RetryAfter?.Delta);
        }

        // The gateway is told by and by that the client has gone.
        await Eventually.BeTrueAsync(
            async () =>
            {
                using var response = await _gateway.Rest.OpenAsync($"{batch.Path}/results");
                return response.IsSuccessStatusCode;
            },
            "the stream that was closed is free again");
    }

    [Fact]
    public async Task RunBatch_OneTooMany_IsRefusedInTheFormOfItsPath()
    {
        var first = _gateway.Rest.PostAsync("""{"a": "/slow"}""", "/api/v2/batch");
        await Eventually.BeTrueAsync(() => Task.FromResult(_api.Requests.Count == 1), "the first batch is under way");

        var reply = await _gateway.Rest.PostAsync("""{"b": "/more"}""", "/api/v2/batch");

        Assert.Equal(429, reply.Status);
        Assert.Equal(TimeSpan.FromSeconds(1), reply.Headers.RetryAfter?.Delta);
        Assert.Equal(
            JsonSerializer.Serialize(new
            {
                status = 429,
                code = "resource_exhausted",
                message = "This caller has 1 keyed batches running, as many as it may (Batch:Quotas:KeyedBatches). Wait until one has ended.",
            }),
            reply.Text);
        _gate.SetResult();
        Assert.Equal(200, (await first).Status);
    }

    private static T Get<T>(IEnumerable<Google.Protobuf.WellKnownTypes.Any> details)
        where T : Google.Protobuf.IMessage, new()
    {
        var descriptor = new T().Descriptor;
        var detail = Assert.Single(details, detail => detail.Is(descriptor));
        var message = new T();
        Google.Protobuf.MessageExtensions.MergeFrom(message, detail.Value);
        return message;
    }
}
