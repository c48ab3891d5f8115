using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.ScaleOut;

/// <summary>A gateway that stands by sends everybody to the active one.</summary>
public sealed class StandbyTests
{
    [PostgresFact]
    public async Task Calls_AtAStandby_AreRefusedAsUnavailable()
    {
        await using var api = await TestApi.StartAsync();
        using var group = new GatewayGroup(api) { Sharing = false };
        var active = await group.StartAsync();
        var standby = await group.StartAsync();
        await active.Rest.RunAsync("""{"path": "one"}""");

        var health = await active.Rest.GetAsync("/healthz");
        Assert.Equal(200, health.Status);
        Assert.StartsWith("Healthy\nActive: PostgreSQL, gateway 1, ", health.Text, StringComparison.Ordinal);
        health = await standby.Rest.GetAsync("/healthz");
        Assert.Equal(503, health.Status);
        Assert.Equal("Unhealthy\nThis gateway stands by: another one holds the store.", health.Text);
        Assert.Equal(200, (await standby.Rest.GetAsync("/healthz/live")).Status);

        foreach (var path in (string[])["/api/v0/batch", "/api/v1/batches", "/api/v2/batch?get[a]=/x", "/", "/nowhere"])
        {
            var refused = await standby.Rest.GetAsync(path);
            Assert.Equal(503, refused.Status);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Contains("stands by", refused.Text, StringComparison.Ordinal);
        }

        Assert.Equal(503, (await standby.Rest.PostAsync("""[{"path": "two"}]""")).Status);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await standby.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { new Request { Path = "two" } } }));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains("stands by", error.Status.Detail, StringComparison.Ordinal);
        using var channel = GrpcChannel.ForAddress(standby.Address);
        var status = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, status.Status);
        Assert.Single(api.Requests);

        await standby.TerminateAsync();
        Assert.Equal(0, await standby.WaitForExitAsync());
        standby.AssertNoErrors();
        active.AssertNoErrors();
    }
}
