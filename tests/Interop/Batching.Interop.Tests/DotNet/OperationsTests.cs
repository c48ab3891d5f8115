using Batching.Contracts.Rest;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;

namespace Batching.Interop.Tests.DotNet;

/// <summary>The services that gRPC itself defines, and those that are not for gRPC.</summary>
public sealed class OperationsTests(ServerProcess server) : TransportTests(server)
{
    [Theory]
    [MemberData(nameof(All))]
    public async Task Health_ReadyServer_IsServing(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var health = new Health.HealthClient(me.Channel);
        var check = await health.CheckAsync(new HealthCheckRequest(), me.Options());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, check.Status);
        var unknown = await Assert.ThrowsAsync<RpcException>(
            async () => await health.CheckAsync(new HealthCheckRequest { Service = "no.such.Service" }, me.Options()));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);

        using var watch = health.Watch(new HealthCheckRequest(), me.Options());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
    }

    [Theory]
    [MemberData(nameof(Http2))]
    public async Task Reflection_ListServices_LeavesOutThoseForRest(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        using var call = new ServerReflection.ServerReflectionClient(me.Channel).ServerReflectionInfo(me.Options());
        var services = await AskAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.Equal(
        [
            "batch.v1.BatchService", "batch.v1.GatewayService", "batch.v1.KeyedBatchService", "batch.v1.WebhookService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
        ], services.ListServicesResponse.Service.Select(service => service.Name).Order(StringComparer.Ordinal));

        foreach (var service in (string[])["batch.rest.v1.V0BatchService", "batch.rest.v1.V0WebhookService", "batch.rest.v1.V2BatchService"])
        {
            var answer = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = service });
            Assert.Equal((int)StatusCode.NotFound, answer.ErrorResponse?.ErrorCode);
        }

        // Clients that print errors look up what their details are.
        foreach (var type in (string[])["google.rpc.ErrorInfo", "google.rpc.BadRequest"])
        {
            var answer = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = type });
            Assert.NotEmpty(answer.FileDescriptorResponse?.FileDescriptorProto ?? []);
        }

        await call.RequestStream.CompleteAsync();

        async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            return call.ResponseStream.Current;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task RestService_CalledOverGrpc_NamesTheServiceToCall(Transport transport)
    {
        using var me = await ConnectAsync(transport);
        var v0 = new V0BatchService.V0BatchServiceClient(me.Channel);
        var v2 = new V2BatchService.V2BatchServiceClient(me.Channel);
        await AssertNamesAsync("batch.v1.BatchService", async () => await v0.ListAsync(new ListRequest(), me.Options()));
        await AssertNamesAsync("batch.v1.BatchService", async () => await v0.SubmitAsync(new SubmitRequest(), me.Options()));
        await AssertNamesAsync("batch.v1.BatchService", async () =>
        {
            using var stream = v0.Stream(new StreamRequest { BatchId = "1" }, me.Options());
            await stream.ResponseStream.MoveNext(CancellationToken.None);
        });
        await AssertNamesAsync("batch.v1.KeyedBatchService", async () => await v2.RunAsync(new RunRequest(), me.Options()));
    }

    private static async Task AssertNamesAsync(string service, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
        Assert.EndsWith($" Call {service}.", error.Status.Detail, StringComparison.Ordinal);
    }
}
