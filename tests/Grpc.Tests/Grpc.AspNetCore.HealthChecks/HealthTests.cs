using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.Tests.HealthChecks;

public sealed class HealthTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private HealthCheckResult _health = HealthCheckResult.Healthy();

    [Fact]
    public async Task Check_HealthChanges_ToldAtOnce()
    {
        await using var server = await StartAsync();
        server.ExpectErrors = true; // ASP.NET Core logs what is unhealthy.
        var client = new Health.V1.Health.HealthClient(server.Channel);

        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
        _health = HealthCheckResult.Degraded();
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest())).Status);
        _health = HealthCheckResult.Unhealthy();
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest())).Status);
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest { Service = "mapped" })).Status);
    }

    [Fact]
    public async Task Check_UnknownService_NotFound()
    {
        await using var server = await StartAsync();
        var client = new Health.V1.Health.HealthClient(server.Channel);

        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.CheckAsync(new HealthCheckRequest { Service = "nobody" }));

        Assert.Equal(StatusCode.NotFound, exception.StatusCode);
    }

    [Fact]
    public async Task Watch_StatusSet_ToldAtOnce()
    {
        await using var server = await StartAsync();
        using var watch = new Health.V1.Health.HealthClient(server.Channel).Watch(new HealthCheckRequest { Service = "later" });
        var health = server.Services.GetRequiredService<HealthServiceImpl>();

        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(watch));
        health.SetStatus("later", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));
        health.SetStatus("later", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        health.ClearStatus("later");
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(watch));
    }

    [Fact]
    public async Task Watch_ServerStops_NotServingThenEnd()
    {
        await using var server = await StartAsync();
        using var watch = new Health.V1.Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());
        Assert.Equal(ServingStatus.Serving, await NextAsync(watch));

        var stop = server.StopAsync();

        Assert.Equal(ServingStatus.NotServing, await NextAsync(watch));
        Assert.False(await watch.ResponseStream.MoveNext(CancellationToken.None));
        await stop.WaitAsync(Patience);
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience));
        return watch.ResponseStream.Current.Status;
    }

    private Task<GrpcTestServer> StartAsync() => GrpcTestServer.StartAsync(configure: builder =>
        builder.Services
            .AddGrpcHealthChecks(options => options.Services.Map("mapped", context => context.Tags.Contains("a")))
            .AddCheck("a", () => _health, ["a"]));
}
