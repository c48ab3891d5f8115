using System.Net;
using System.Net.Http.Headers;
using Microsoft.Graph;
using Microsoft.Graph.Core.Requests;
using Microsoft.Kiota.Abstractions;

namespace Batching.Interop.Tests.Graph;

/// <summary>
/// The rest of what can become of batches of the client of Microsoft Graph, as it is: they are refused, run out of time, or are stored
/// (<c>Prefer: respond-async</c>) and outlive their gateway, or are cancelled.
/// </summary>
public sealed class GraphLivesTests : IAsyncLifetime, IDisposable
{
    private const int Slow = 50;

    private readonly HttpClient _http = GraphClientFactory.Create();
    private TestApi _api = null!;
    private GatewayProcess _gateway = null!;
    private BaseGraphRequestAdapter _adapter = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(static async context =>
        {
            if (context.Request.Path.Value!.Contains("slow", StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Slow), TimeProvider.System, context.RequestAborted);
            }
            else if (context.Request.Path.Value.Contains("never", StringComparison.Ordinal))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await TestApi.JsonAsync(context, $$"""{"path":"{{context.Request.Path}}"}""");
        });
        _gateway = await GatewayProcess.StartAsync(
            ("Batch:Upstreams:0:BaseAddress", _api.Address),
            ("Batch:Upstreams:0:MaxConcurrency", "2"),
            ("Batch:Dialects:Graph:Enabled", "true"),
            ("Batch:Keyed:Timeout", "00:00:05"));
        _adapter = new BaseGraphRequestAdapter(new FixedToken(), httpClient: _http) { BaseUrl = $"{_gateway.Address}/v1.0" };
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    public void Dispose()
    {
        _adapter.Dispose();
        _http.Dispose();
        _gateway.Dispose();
    }

    [Fact]
    public async Task PostAsync_MoreThanTheGatewayTakes_IsAnExceptionAndNothingIsMade()
    {
        var batch = new BatchRequestContentCollection(_adapter, 25);
        for (var i = 0; i < 25; i++)
        {
            batch.AddBatchRequestStep(MessageOf($"items/{i}"));
        }

        var refused = await Assert.ThrowsAsync<ServiceException>(() => new BatchRequestBuilder(_adapter).PostAsync(batch));
        Assert.Contains("Batch:Dialects:Graph:MaxRequests", refused.ToString(), StringComparison.Ordinal);
        Assert.Empty(_api.Requests);
        _gateway.AssertNoErrors();
    }

    [Fact]
    public async Task PostAsync_TimeOver_IsAnItemThatCanBeTriedAgain()
    {
        var batch = new BatchRequestContentCollection(_adapter, 20);
        var fast = batch.AddBatchRequestStep(MessageOf("items/1"));
        var never = batch.AddBatchRequestStep(MessageOf("never"));
        var statuses = await (await new BatchRequestBuilder(_adapter).PostAsync(batch)).GetResponsesStatusCodesAsync();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.GatewayTimeout), (statuses[fast], statuses[never]));
        Assert.Single(batch.NewBatchWithFailedRequests(statuses).BatchRequestSteps);
    }

    [Fact]
    public async Task RespondAsync_GatewayKilled_EachHasItsResponse()
    {
        using var handler = new RespondAsyncHandler(new SocketsHttpHandler());
        using var http = GraphClientFactory.Create(finalHandler: handler);
        using var adapter = new BaseGraphRequestAdapter(new FixedToken(), httpClient: http) { BaseUrl = _adapter.BaseUrl };
        var batch = new BatchRequestContentCollection(adapter, 20);
        for (var i = 0; i < 20; i++)
        {
            batch.AddBatchRequestStep(new BatchRequestStep($"{i}", MessageOf($"slow/{i}"), i == 0 ? null : ["0"]));
        }

        var sending = new BatchRequestBuilder(adapter).PostAsync(batch);
        await handler.Place;
        await Eventually.BeTrueAsync(() => Task.FromResult(_api.Requests.Count > 2), "some requests are made");
        await _gateway.KillAsync();
        await _gateway.RestartAsync();

        var reply = await sending;
        var statuses = await reply.GetResponsesStatusCodesAsync();
        Assert.Equal(20, statuses.Count);
        Assert.All(statuses.Values, status => Assert.Equal(HttpStatusCode.OK, status));
        using var last = await reply.GetResponseByIdAsync("19");
        Assert.Equal("""{"path":"/v1.0/slow/19"}""", await last.Content.ReadAsStringAsync());
        Assert.All(_api.Requests, request => Assert.Equal(FixedToken.Value, request.Headers["Authorization"]));
        _gateway.AssertNoErrors();
    }

    [Fact]
    public async Task RespondAsync_Deleted_IsGone()
    {
        using var handler = new RespondAsyncHandler(new SocketsHttpHandler());
        using var http = GraphClientFactory.Create(finalHandler: handler);
        using var adapter = new BaseGraphRequestAdapter(new FixedToken(), httpClient: http) { BaseUrl = _adapter.BaseUrl };
        var batch = new BatchRequestContentCollection(adapter, 20);
        batch.AddBatchRequestStep(MessageOf("never"));
        var sending = new BatchRequestBuilder(adapter).PostAsync(batch);
        using var delete = new HttpRequestMessage(HttpMethod.Delete, await handler.Place);
        delete.Headers.Authorization = AuthenticationHeaderValue.Parse(FixedToken.Value);
        using var deleted = await _http.SendAsync(delete);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        // The client that waits is told that it is gone.
        await Assert.ThrowsAsync<ServiceException>(() => sending);
        _gateway.AssertNoErrors();
    }

    private HttpRequestMessage MessageOf(string url) => new(HttpMethod.Get, $"{_adapter.BaseUrl}/{url}");
}
