using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Batching.Interop.Tests.DotNet;
using Batching.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Batching.Interop.Tests.Proxies;

/// <summary>Calls and errors that a proxy hands on.</summary>
public sealed class PassThroughTests(ProxiedGateway gateway) : IClassFixture<ProxiedGateway>
{
    private const string Unknown = "1234567890123456";
    private const int Large = 3 * 1024 * 1024;
    private const int Long = 16_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // So many that no more of them are named.
    private static readonly Request[] Bad = [.. Enumerable.Repeat(new Request { Path = "http://elsewhere.example/" }, 150)];

    public static TheoryData<ProxyKind, ProxySettings> Settings
    {
        get
        {
            var all = new TheoryData<ProxyKind, ProxySettings>();
            foreach (var (proxy, settings) in ProxyConfiguration.All)
            {
                all.Add(proxy, settings);
            }

            return all;
        }
    }

    public static TheoryData<ProxyKind> Proxies => new(Enum.GetValues<ProxyKind>());

    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Settings))]
    public async Task GrpcError_StatusAndDetails_AreThoseOfTheGateway(ProxyKind proxy, ProxySettings settings)
    {
        var direct = await gateway.DirectAsync();
        var through = await gateway.ThroughAsync(proxy, settings);
        (StatusCode Code, Func<GatewayClient, Task> Call)[] calls =
        [
            (StatusCode.NotFound, client => client.StatusAsync(Unknown)),
            (StatusCode.NotFound, client => client.ResultsAsync(new FetchResultsRequest { BatchId = Unknown })),
            (StatusCode.InvalidArgument, client => client.CreateAsync(Bad)),
            (StatusCode.InvalidArgument, client => client.UploadAsync([])),
        ];
        foreach (var (code, call) in calls)
        {
            await AssertSameErrorAsync(code, Grpc(direct), Grpc(through), call);

            // gRPC-Web of a browser: its trailers are in the body.
            await AssertSameErrorAsync(code, GrpcWeb(direct), GrpcWeb(through), call);
        }
    }

    /// <summary>HAProxy gives CANCELLED for a status that is not all of its reply (findings/haproxy-early-status.sh).</summary>
    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Settings))]
    public async Task GrpcError_BeforeTheCallHasEnded_IsThatOfTheGateway(ProxyKind proxy, ProxySettings settings)
    {
        var through = await gateway.ThroughAsync(proxy, settings);
        await AssertSameErrorAsync(
            StatusCode.InvalidArgument, Grpc(await gateway.DirectAsync()), Grpc(through), async client =>
            {
                using var call = client.Batches.UploadBatch(client.Options());
                await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { Bad } });
                await call;
            });
    }

    /// <summary>Behind messages the status comes in trailers; it comes at the head of a reply that has none.</summary>
    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Settings))]
    public async Task GrpcError_BehindAResult_IsThatOfTheGateway(ProxyKind proxy, ProxySettings settings)
    {
        var through = await gateway.ThroughAsync(proxy, settings);
        using var client = new GatewayClient(through.Grpc, Transport.Cleartext);
        var (first, held) = ($"{Guid.NewGuid()}", $"{Guid.NewGuid()}");
        (await gateway.ApiAsync()).Call(first).Release();
        var batch = await client.CreateAsync(
            [new Request { Path = $"/held/{first}" }, new Request { Path = $"/held/{held}" }]);
        using var call = client.Batches.FetchResults(new FetchResultsRequest { BatchId = batch.Id }, client.Options());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await client.Batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batch.Id }, client.Options());
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((StatusCode.Aborted, "The batch was deleted."), (error.StatusCode, error.Status.Detail));
    }

    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Settings))]
    public async Task RestError_StatusAndBody_AreThoseOfTheGateway(ProxyKind proxy, ProxySettings settings)
    {
        var direct = await gateway.DirectAsync();
        var through = await gateway.ThroughAsync(proxy, settings);
        (HttpStatusCode Status, Func<HttpClient, Task<HttpResponseMessage>> Call)[] calls =
        [
            (HttpStatusCode.NotFound, client => client.GetAsync($"/api/v0/batch/{Unknown}/status")),
            (HttpStatusCode.NotFound, client => client.GetAsync($"/api/v1/batches/{Unknown}")),
            (HttpStatusCode.BadRequest, client => client.PostAsJsonAsync("/api/v0/batch", Bad.Select(one => new { path = one.Path }))),
        ];
        foreach (var (status, call) in calls)
        {
            using var expected = await ReplyAsync(direct, call);
            using var error = await ReplyAsync(through, call);
            Assert.Equal(status, expected.StatusCode);
            Assert.Equal(status, error.StatusCode);
            Assert.Equal(expected.Content.Headers.ContentType, error.Content.Headers.ContentType);
            Assert.Equal(await expected.Content.ReadAsStringAsync(), await error.Content.ReadAsStringAsync());
        }
    }

    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Proxies))]
    public async Task AnyCall_LargerThanProxiesTakeByDefault_Passes(ProxyKind proxy)
    {
        var through = await gateway.ThroughAsync(proxy, ProxySettings.Documented);
        var token = $"Bearer {new string('t', Long)}";
        var large = new Request
        {
            Path = "/held/large",
            Method = "POST",
            Body = ByteString.CopyFrom(new byte[Large]),
        };
        using var client = new GatewayClient(through.Grpc, Transport.Cleartext) { Authorization = token };
        var batch = await client.CreateAsync([large]);
        Assert.Equal(2, (await client.UploadAsync([large], [large])).TotalRequests);
        Assert.Equal(batch.Id, (await client.StatusAsync(batch.Id)).Id);

        using var rest = new HttpClient { BaseAddress = through.Rest.Url };
        using var body = new StringContent(
            $$"""[{"path": "held/large", "method": "POST", "body": "{{new string('x', Large)}}"}]""", Encoding.UTF8);
        using var submitted = await rest.PostAsync("/api/v0/batch", body);
        Assert.Equal(HttpStatusCode.OK, submitted.StatusCode);
        using var longLine = await rest.GetAsync($"/api/v0/batch?ignored={new string('q', Long)}");
        Assert.Equal(HttpStatusCode.OK, longLine.StatusCode);
        rest.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(token);
        using var longField = await rest.GetAsync($"/api/v0/batch/{batch.Id}/status");
        Assert.Equal(HttpStatusCode.OK, longField.StatusCode);
    }

    [InteropTheory(Tool.Proxies)]
    [MemberData(nameof(Proxies))]
    public async Task RunBatch_CallerGoes_CallsAreCancelled(ProxyKind proxy)
    {
        var api = await gateway.ApiAsync();
        var through = await gateway.ThroughAsync(proxy, ProxySettings.Documented);
        await AssertCancelledAsync(async (name, gone) =>
        {
            using var rest = new HttpClient { BaseAddress = through.Rest.Url };
            using var _ = await rest.GetAsync($"/api/v2/batch?get[one]=/held/{name}", gone);
        });
        await AssertCancelledAsync(async (name, gone) =>
        {
            using var client = new GatewayClient(through.Grpc, Transport.Cleartext);
            var call = new KeyedRequest { Key = "one", Request = new Request { Path = $"/held/{name}" } };
            await client.Keyed.RunBatchAsync(
                new RunBatchRequest { Calls = { call } }, client.Options().WithCancellationToken(gone));
        });

        async Task AssertCancelledAsync(Func<string, CancellationToken, Task> run)
        {
            using var gone = new CancellationTokenSource();
            var name = $"{Guid.NewGuid()}";
            var held = api.Call(name);
            var call = run(name, gone.Token);
            await held.Arrived.WaitAsync(Patience);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => call);
            await held.Aborted.WaitAsync(Patience);
        }
    }

    private static Func<GatewayClient> Grpc(Route route) => () => new GatewayClient(route.Grpc, Transport.Cleartext);

    private static Func<GatewayClient> GrpcWeb(Route route) => () => new GatewayClient(route.Rest, Transport.WebHttp1);

    private static async Task AssertSameErrorAsync(
        StatusCode code, Func<GatewayClient> direct, Func<GatewayClient> through, Func<GatewayClient, Task> call)
    {
        var expected = await FailAsync(direct, call);
        var error = await FailAsync(through, call);
        Assert.Equal(code, expected.StatusCode);
        Assert.NotEmpty(expected.GetRpcStatus()!.Details);
        Assert.Equal(expected.Status.ToString(), error.Status.ToString());
        Assert.Equal(expected.GetRpcStatus(), error.GetRpcStatus());
    }

    private static async Task<RpcException> FailAsync(Func<GatewayClient> connect, Func<GatewayClient, Task> call)
    {
        using var client = connect();
        return await Assert.ThrowsAsync<RpcException>(() => call(client));
    }

    private static async Task<HttpResponseMessage> ReplyAsync(Route route, Func<HttpClient, Task<HttpResponseMessage>> call)
    {
        using var client = new HttpClient { BaseAddress = route.Rest.Url };
        return await call(client);
    }
}
