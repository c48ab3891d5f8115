using System.IO.Compression;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Delivery;

public sealed class StreamTests : IAsyncLifetime
{
    private const int Count = 20;
    private const string Body = "{\n \"a\":\r\n [1.10,\r 2]\n}";

    private readonly TaskCompletionSource _gate = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private SubmittedBatch _batch = null!;

    // Two quick requests, the rest waits at the gate. The JSON has line breaks of all kinds.
    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path.StartsWithSegments("/slow", StringComparison.Ordinal))
            {
                await _gate.Task;
            }

            await TestApi.JsonAsync(context, Body);
        });
        _gateway = await Gateway.StartAsync(_api);
        _batch = await _gateway.Rest.SubmitPathsAsync(
            Enumerable.Range(0, Count).Select(i => i is 7 or 13 ? $"quick/{i}" : $"slow/{i}"));
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Results_NdJson_DeliversWhileMostRequestsRunAndEndsWithARecord()
    {
        using var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        var first = await ReadLineAsync(reader);
        await _gateway.Rest.WaitForRunningAsync(_batch.Id, Count - 2);
        Assert.Equal(Count - 2, await RunningAsync());
        var request = JsonDocument.Parse(first).RootElement.GetProperty("Request");
        var id = request.GetProperty("id").GetString();
        Assert.Contains(id, new[] { _batch.RequestIds[7], _batch.RequestIds[13] });
        Assert.Equal(
            $$$"""
            {"position":1,"Request":{"id":"{{{id}}}","spawnedBy":{{{_batch.Id}}},"created":{{{_batch.Created}}},
            "done":{{{request.GetProperty("done").GetInt64()}}},"path":"{{{request.GetProperty("path").GetString()}}}",
            "method":"GET","responseStatusCode":200,"responseSize":{{{Body.Length}}},
            "response":{  "a":   [1.10,  2] }}
            """.ReplaceLineEndings("") + "}",
            first);

        _gate.SetResult();
        for (var position = 2; position <= Count; position++)
        {
            var record = JsonDocument.Parse(await ReadLineAsync(reader)).RootElement;
            Assert.Equal(position, record.GetProperty("position").GetInt32());
        }

        Assert.Equal($$"""{"end":true,"position":{{Count}},"runningRequests":0}""", await ReadLineAsync(reader));
        Assert.Equal("", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Results_ServerSentEvents_DeliversWhileMostRequestsRunAndEndsWithARecord()
    {
        using var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results", "text/event-stream");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("retry: 1000", await ReadLineAsync(reader));
        Assert.Equal("", await ReadLineAsync(reader));
        Assert.Equal("id: 1", await ReadLineAsync(reader));
        var first = await ReadLineAsync(reader);
        Assert.StartsWith("""data: {"position":1,"Request":{"id":""", first, StringComparison.Ordinal);
        Assert.Equal("", await ReadLineAsync(reader));
        Assert.True(await RunningAsync() >= Count - 2);

        _gate.SetResult();
        for (var position = 2; position <= Count; position++)
        {
            Assert.Equal($"id: {position}", await ReadLineAsync(reader));
            var line = await ReadLineAsync(reader);
            Assert.StartsWith($$"""data: {"position":{{position}},""", line, StringComparison.Ordinal);
            Assert.EndsWith("""[1.10,  2] }}}""", line, StringComparison.Ordinal);
            Assert.Equal("", await ReadLineAsync(reader));
        }

        Assert.Equal(
            $$"""
            id: {{Count}}
            data: {"end":true,"position":{{Count}},"runningRequests":0}


            """,
            await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Results_Gzip_DeliversWhileMostRequestsRun()
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Get, $"{_gateway.Address}{_batch.Path}/results");
        message.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        using var reader = new StreamReader(
            new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress));

        var first = await ReadLineAsync(reader);

        Assert.StartsWith("""{"position":1,""", first, StringComparison.Ordinal);
        Assert.True(await RunningAsync() >= Count - 2);
        _gate.SetResult();
        var rest = await reader.ReadToEndAsync().WithDeadlineAsync("the stream ends");
        Assert.EndsWith($$"""{"end":true,"position":{{Count}},"runningRequests":0}""" + "\n", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_Grpc_DeliversWhileMostRequestsRunAndEndsWithARecord()
    {
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id });

        var first = await ReadAsync(call);
        Assert.Equal(1, first.Position);
        Assert.Equal(Body, first.Request.Response.Body.ToStringUtf8());
        Assert.Equal(RequestState.Done, first.Request.State);
        Assert.True(await RunningAsync() >= Count - 2);

        _gate.SetResult();
        for (var position = 2; position <= Count; position++)
        {
            Assert.Equal(position, (await ReadAsync(call)).Position);
        }

        var end = await ReadAsync(call);
        Assert.Equal((Count, 0L), (end.Position, end.End.RunningRequests));
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Results_NdJsonCut_GoesOnBehindThePositionGiven()
    {
        string position;
        using (var cut = await _gateway.Rest.OpenAsync($"{_batch.Path}/results"))
        {
            using var reader = new StreamReader(await cut.Content.ReadAsStreamAsync());
            position = JsonDocument.Parse(await ReadLineAsync(reader)).RootElement.GetProperty("position").GetRawText();
        }

        _gate.SetResult();
        using var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results?after={position}");
        var text = await response.Content.ReadAsStringAsync().WithDeadlineAsync("the stream ends");
        var lines = text.TrimEnd().Split('\n');

        Assert.Equal("1", position);
        Assert.Equal(Count, lines.Length);
        Assert.Equal(
            [.. Enumerable.Range(2, Count - 1), Count],
            lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("position").GetInt32()));
        Assert.StartsWith("""{"end":true,""", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_GrpcCut_GoesOnBehindThePositionGiven()
    {
        using (var cut = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id }))
        {
            Assert.Equal(1, (await ReadAsync(cut)).Position);
        }

        _gate.SetResult();
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id, After = 1 });
        for (var position = 2; position <= Count; position++)
        {
            Assert.Equal(position, (await ReadAsync(call)).Position);
        }

        Assert.Equal(FetchResultsResponse.RecordOneofCase.End, (await ReadAsync(call)).RecordCase);
    }

    [Fact]
    public async Task Results_CutBeforeItsEnd_CountsAsNotReceived()
    {
        using (var cut = await _gateway.Rest.OpenAsync($"{_batch.Path}/results"))
        {
            using var reader = new StreamReader(await cut.Content.ReadAsStreamAsync());
            await ReadLineAsync(reader);
        }

        await _gateway.Rest.WaitForRunningAsync(_batch.Id, Count - 2);
        Assert.Equal(2, (await _gateway.Rest.GetAsync(_batch.Path)).Success().Requests.Count);
    }

    [Fact]
    public async Task Results_ReadToTheEnd_CountAsReceived()
    {
        _gate.SetResult();
        using (var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results"))
        {
            await response.Content.ReadAsStringAsync().WithDeadlineAsync("the stream ends");
        }

        await Eventually.BeTrueAsync(
            async () =>
            {
                // With an id nothing is marked; the mark itself is in the position of an empty page.
                var reply = (await _gateway.Rest.GetAsync($"{_batch.Path}?after={Count}")).Success();
                return reply.Batch.GetProperty("position").GetInt32() == Count;
            },
            "the results count as received");
        Assert.Empty((await _gateway.Rest.GetAsync(_batch.Path)).Success().Requests);
    }

    [Fact]
    public async Task Results_BatchDeletedMeanwhile_EndsWithoutTheLastRecord()
    {
        using var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await ReadLineAsync(reader);
        using var call = _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id });
        await ReadAsync(call);

        (await _gateway.Rest.SendAsync(HttpMethod.Delete, _batch.Path)).Success();

        var rest = await reader.ReadToEndAsync().WithDeadlineAsync("the stream ends");
        Assert.DoesNotContain("\"end\":true", rest, StringComparison.Ordinal);
        Assert.Contains("\"error\":\"ABORTED\"", rest, StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("the stream ends"))
            {
                Assert.NotEqual(FetchResultsResponse.RecordOneofCase.End, call.ResponseStream.Current.RecordCase);
            }
        });
        Assert.Equal(StatusCode.Aborted, error.StatusCode);
    }

    [Fact]
    public async Task Results_RequestFields_ReturnsThose()
    {
        using var response = await _gateway.Rest.OpenAsync($"{_batch.Path}/results?request_fields=responseStatusCode");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        var line = await ReadLineAsync(reader);

        Assert.Matches("""^\{"position":1,"Request":\{"id":"[0-9]{16}","responseStatusCode":200\}\}$""", line);
    }

    private static async Task<string> ReadLineAsync(StreamReader reader) =>
        await reader.ReadLineAsync().WithDeadlineAsync("the next record comes")
        ?? throw new EndOfStreamException("The stream ended before its time.");

    private static async Task<FetchResultsResponse> ReadAsync(AsyncServerStreamingCall<FetchResultsResponse> call)
    {
        Assert.True(
            await call.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("the next record comes"));
        return call.ResponseStream.Current;
    }

    private async Task<long> RunningAsync()
    {
        var status = (await _gateway.Rest.GetAsync($"{_batch.Path}/status")).Success();
        return status.Batch.GetProperty("runningRequests").GetInt64();
    }
}
