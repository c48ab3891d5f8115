using System.Net;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;

namespace Batching.Server.Tests.Delivery;

/// <summary>Streams that have nothing to tell, as browsers and proxies see them.</summary>
public sealed class QuietStreamTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _gate = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private SubmittedBatch _batch = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            await _gate.Task;
            await TestApi.JsonAsync(context, "{}");
        });
        _gateway = await Gateway.StartAsync(_api, "--Batch:StreamHeartbeat=00:00:00.2");
        _batch = await _gateway.Rest.SubmitPathsAsync("a", "b");
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("/api/v0/batch/{0}/results", "application/x-ndjson", """{"progress":{"runningRequests":2,"failedRequests":0},"position":0}""")]
    [InlineData("/api/v0/batch/{0}/results", "text/event-stream", ":")]
    [InlineData("/api/v1/batches/{0}/results:stream", "application/json", """{"position":"0","progress":{"runningRequests":"2","failedRequests":"0"}}""")]
    public async Task Rest_NothingHappens_GivesSignsOfLife(string path, string type, string sign)
    {
        using var response = await _gateway.Rest.OpenAsync(string.Format(null, path, _batch.Id), type)
            .WithDeadlineAsync("the head of the reply is there");
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["no"], response.Headers.GetValues("X-Accel-Buffering"));
        Assert.True(response.Headers.CacheControl?.NoCache);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var lines = new List<string>();
        while (lines.Count(line => Same(line, sign)) < 3)
        {
            lines.Add(await reader.ReadLineAsync().WithDeadlineAsync("a sign of life comes") ?? throw new EndOfStreamException());
        }

        _gate.SetResult();
        Assert.Contains("\"end\"", await reader.ReadToEndAsync().WithDeadlineAsync("the end comes"), StringComparison.Ordinal);
    }

    // A sign of life would bring it, too, so there is none here.
    [Theory]
    [InlineData("/api/v0/batch/{0}/results", "application/x-ndjson")]
    [InlineData("/api/v0/batch/{0}/results", "text/event-stream")]
    [InlineData("/api/v1/batches/{0}/results:stream", "application/json")]
    public async Task Rest_NothingToTell_HasItsHeadAtOnce(string path, string type)
    {
        await using var silent = await Gateway.StartAsync(_api, "--Batch:StreamHeartbeat=00:00:00");
        var batch = await silent.Rest.SubmitPathsAsync("a");
        using (await silent.Rest.OpenAsync(string.Format(null, path, batch.Id), type)
            .WithDeadlineAsync("the head of the reply is there"))
        {
            Assert.False(_gate.Task.IsCompleted);
        }
    }

    [Fact]
    public async Task Grpc_NothingToTell_HasItsHeadAtOnce()
    {
        await using var silent = await Gateway.StartAsync(_api, "--Batch:StreamHeartbeat=00:00:00");
        var batch = await silent.Rest.SubmitPathsAsync("a");
        using var call = silent.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Id });
        await call.ResponseHeadersAsync.WithDeadlineAsync("the head of the reply is there");
        Assert.False(_gate.Task.IsCompleted);
    }

    [Fact]
    public async Task Grpc_NothingHappens_GivesSignsOfLife()
    {
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id });
        var headers = await call.ResponseHeadersAsync.WithDeadlineAsync("the head of the reply is there");
        Assert.Equal("no", headers.GetValue("x-accel-buffering"));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("a sign of life comes"));
            Assert.Equal(2, call.ResponseStream.Current.Progress.RunningRequests);
        }
    }

    [Fact]
    public async Task ServerSentEvents_ComesBackUntilItHasAll_IsToldToStop()
    {
        _gate.SetResult();
        await _gateway.Rest.WaitUntilDoneAsync(_batch.Id);

        // The address still says where it began.
        var again = await OpenAsync("after=0", "1");
        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.DoesNotContain("id: 1", again.Text, StringComparison.Ordinal);
        Assert.Contains("id: 2\ndata: {\"position\":2,", again.Text, StringComparison.Ordinal);
        Assert.Contains("id: 2\ndata: {\"end\":true,", again.Text, StringComparison.Ordinal);

        var last = await OpenAsync("after=0", "2");
        Assert.Equal((HttpStatusCode.NoContent, ""), last);

        // Whoever doesn't say that it comes back gets a stream, even an empty one.
        Assert.Equal(HttpStatusCode.OK, (await OpenAsync("after=2", null)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await OpenAsync("", "3")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await OpenAsync("", "x")).Status);
    }

    [Fact]
    public async Task ServerSentEvents_ComesBackToARunningBatch_GetsAStream()
    {
        using var message = NewMessage("", "0");
        using var http = new HttpClient();
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static bool Same(string line, string sign) =>
        line == sign || (line.StartsWith('{') && sign.StartsWith('{') && JsonElement.DeepEquals(
            JsonDocument.Parse(line).RootElement, JsonDocument.Parse(sign).RootElement));

    private HttpRequestMessage NewMessage(string query, string? lastEventId)
    {
        var message = new HttpRequestMessage(HttpMethod.Get, $"{_gateway.Address}{_batch.Path}/results?{query}");
        message.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null)
        {
            message.Headers.Add("Last-Event-ID", lastEventId);
        }

        return message;
    }

    private async Task<(HttpStatusCode Status, string Text)> OpenAsync(string query, string? lastEventId)
    {
        using var http = new HttpClient();
        using var message = NewMessage(query, lastEventId);
        using var response = await http.SendAsync(message).WithDeadlineAsync("the stream ends");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
