using System.Net;
using System.Text.Json;
using Batching.Server.Tests.Keyed;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Services;

/// <summary>What the gateway tells about itself, and whom.</summary>
public sealed class GatewayServiceTests
{
    private const string Upstream = "http://secret.invalid:1/hidden";

    private static readonly Uri Path = new("/api/v1/gateway", UriKind.Relative);

    [Fact]
    public async Task GetGateway_Anonymous_TellsLimitsPathsAndPrefixesOnly()
    {
        await using var gateway = await KeyedGateway.StartAsync(
            Upstream,
            "Batch:Upstreams:0:Prefix=/crm",
            "Batch:Upstreams:1:Prefix=/",
            "Batch:Upstreams:1:BaseAddress=http://other.invalid",
            "Batch:Limits:RequestsPerBatch=77",
            "Batch:Retention:Responses=02:00:00",
            "Batch:Dialects:Graph:Enabled=true",
            "Batch:Dialects:Graph:BasePath=/beta");
        var text = await gateway.Client.GetStringAsync(Path);
        var told = JsonDocument.Parse(text).RootElement;
        var limits = told.GetProperty("limits").EnumerateArray()
            .ToDictionary(limit => limit.GetProperty("name").GetString()!, limit => limit.GetProperty("value").GetString());

        Assert.Equal("", told.GetProperty("version").GetString());
        Assert.Equal("77", limits["Batch:Limits:RequestsPerBatch"]);
        Assert.Equal("100", limits["Batch:Keyed:Calls"]);
        Assert.Equal("10000", limits["Batch:Quotas:Batches"]);
        Assert.Equal("02:00:00", limits["Batch:Retention:Responses"]);
        Assert.Equal("20", limits["Batch:Dialects:Graph:MaxRequests"]);
        Assert.DoesNotContain("Batch:Limits:Connections", limits.Keys);
        Assert.Equal(limits.Keys.Order(StringComparer.Ordinal), limits.Keys);
        Assert.Equal(
            ["v0 /api/v0/batch", "v1 /api/v1/batches", "v2 /api/v2/batch", "graph /beta/$batch"],
            told.GetProperty("dialects").EnumerateArray().Select(one => $"{one.GetProperty("name")} {one.GetProperty("path")}"));
        Assert.Equal(
            ["/", "/crm"], told.GetProperty("upstreams").EnumerateArray().Select(one => one.GetProperty("prefix").GetString()));
        Assert.DoesNotContain("invalid", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetGateway_WithCredential_TellsTheVersion()
    {
        await using var gateway = await KeyedGateway.StartAsync(Upstream);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var told = await new GatewayService.GatewayServiceClient(channel).GetGatewayAsync(
            new GetGatewayRequest(), new Metadata { { "authorization", "Bearer A" } });

        Assert.Matches(@"^\d+\.\d+\.\d+$", told.Version);
        Assert.Equal(["/"], told.Upstreams.Select(upstream => upstream.Prefix));
    }

    [Fact]
    public async Task GetGateway_ForIdentifiedOnly_RefusesTheOthers()
    {
        await using var gateway = await KeyedGateway.StartAsync(Upstream, "Batch:Disclosure=Identified");
        using var anonymous = await gateway.Client.GetAsync(Path);
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer A");
        using var identified = await gateway.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, anonymous.StatusCode);
        Assert.Contains("Batch:Disclosure", await anonymous.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, identified.StatusCode);
    }

    [Fact]
    public async Task GetGateway_ForNobody_IsNotThere()
    {
        await using var gateway = await KeyedGateway.StartAsync(Upstream, "Batch:Disclosure=Nobody");
        using var reply = await gateway.Client.GetAsync(Path);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await new GatewayService.GatewayServiceClient(channel).GetGatewayAsync(new GetGatewayRequest()));

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }
}
