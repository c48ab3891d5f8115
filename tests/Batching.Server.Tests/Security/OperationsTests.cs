using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;

namespace Batching.Server.Tests.Security;

/// <summary>Health and reflection are for those who run the gateway.</summary>
public sealed class OperationsTests
{
    [Theory]
    [InlineData("", 200, StatusCode.OK, StatusCode.OK)]
    [InlineData("--Batch:Operations:Health=false", 404, StatusCode.Unimplemented, StatusCode.OK)]
    [InlineData("--Batch:Operations:Reflection=false", 200, StatusCode.OK, StatusCode.Unimplemented)]
    public async Task HealthAndReflection_CanBeTurnedOff(
        string setting, int healthz, StatusCode health, StatusCode reflection)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, setting.Length > 0 ? [setting] : []);

        Assert.Equal(healthz, (await gateway.Rest.GetAsync("/healthz")).Status);
        Assert.Equal(health, await CallHealthAsync(gateway.Address));
        Assert.Equal(reflection, await CallReflectionAsync(gateway.Address));
        (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success();
    }

    [Fact]
    public async Task Url_Given_HasHealthAndReflectionAndNothingElse()
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");
        using var operator_ = new RestClient(url);

        Assert.Equal([gateway.Address, url], gateway.Addresses);
        Assert.Equal(200, (await operator_.GetAsync("/healthz")).Status);
        Assert.Equal(StatusCode.OK, await CallHealthAsync(url));
        Assert.Equal(StatusCode.OK, await CallReflectionAsync(url));
        Assert.Equal(200, (await operator_.GetAsync("/healthz/live")).Status);
        Assert.Equal(200, (await operator_.GetAsync("/healthz/ready")).Status);
        Assert.Equal(404, (await operator_.GetAsync("/")).Status);
        Assert.Equal(404, (await gateway.Rest.GetAsync("/healthz")).Status);
        Assert.Equal(404, (await gateway.Rest.GetAsync("/healthz/live")).Status);
        Assert.Equal(StatusCode.Unimplemented, await CallHealthAsync(gateway.Address));
        Assert.Equal(StatusCode.Unimplemented, await CallReflectionAsync(gateway.Address));

        (await gateway.Rest.GetAsync(RestClient.BatchPath)).Success();
        Assert.NotEqual(200, (await operator_.PostAsync("""[{"path": "x"}]""")).Status);
        Assert.NotEqual(200, (await operator_.PostAsync("""{"a": "/x"}""", "/api/v2/batch")).Status);
        using var channel = GrpcChannel.ForAddress(url);
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await new BatchService.BatchServiceClient(channel).ListBatchesAsync(new ListBatchesRequest()));
        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("batch.v1.BatchService")]
    [InlineData("batch.v1.KeyedBatchService")]
    [InlineData("batch.v1.GatewayService")]
    [InlineData("batch.v1.WebhookService")]
    [InlineData("grpc.health.v1.Health")]
    [InlineData("grpc.reflection.v1.ServerReflection")]
    [InlineData("grpc.reflection.v1alpha.ServerReflection")]
    public async Task Health_OfEachServiceByName_IsServing(string service)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        using var channel = GrpcChannel.ForAddress(gateway.Address);

        var reply = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest { Service = service });

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, reply.Status);
    }

    [Fact]
    public async Task StartPage_SaysWhatItIsAndWhereTheDocumentationIs()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Identity:AllowAnonymous=false");

        var reply = await gateway.Rest.GetAsync("/");

        Assert.Equal(200, reply.Status);
        Assert.Equal("text/plain; charset=utf-8", reply.ContentHeaders.ContentType?.ToString());
        Assert.StartsWith("Batch: a gateway", reply.Text, StringComparison.Ordinal);
        Assert.Contains("README.md", reply.Text, StringComparison.Ordinal);
        Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Empty(api.Requests);
    }

    // The Host field is the client's; the port of the connection is not.
    [Fact]
    public async Task Url_Given_IsNotReachedByNamingIt()
    {
        await using var api = await TestApi.StartAsync();
        var url = FreePort.FindUrl();
        await using var gateway = await Gateway.StartAsync(api, $"--Batch:Operations:Url={url}");

        var reply = await gateway.Rest.SendAsync(
            HttpMethod.Get, "/healthz", addHeaders: headers => headers.Host = new Uri(url).Authority);

        Assert.Equal(404, reply.Status);
    }

    private static async Task<StatusCode> CallHealthAsync(string address)
    {
        using var channel = GrpcChannel.ForAddress(address);
        try
        {
            await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
            return StatusCode.OK;
        }
        catch (RpcException exception)
        {
            return exception.StatusCode;
        }
    }

    private static async Task<StatusCode> CallReflectionAsync(string address)
    {
        using var channel = GrpcChannel.ForAddress(address);
        using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        try
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
            await call.RequestStream.CompleteAsync();
            return await call.ResponseStream.MoveNext(CancellationToken.None) ? StatusCode.OK : StatusCode.Unknown;
        }
        catch (RpcException exception)
        {
            return exception.StatusCode;
        }
    }
}
