using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;

namespace Batching.Server.Tests.Delivery;

/// <summary>Streams of a caller's batches.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private const string Current = """{"current":true}""";

    private readonly TaskCompletionSource _gate = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await _gate.Task;
            }

            await TestApi.JsonAsync(context, "{}");
        });
        _gateway = await Gateway.StartAsync(_api, "--Batch:StreamHeartbeat=00:00:00.2", "--Batch:Quotas:Streams=2");
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("application/x-ndjson", "")]
    [InlineData("text/event-stream", "data: ")]
    public async Task V0_BatchesThatComeChangeAndGo_AreTold(string type, string prefix)
    {
        var first = await _gateway.Rest.SubmitPathsAsync("a");
        await _gateway.Rest.WaitUntilDoneAsync(first.Id);
        var second = await _gateway.Rest.SubmitPathsAsync("slow", "a");
        await _gateway.Rest.WaitForRunningAsync(second.Id, 1);
        using var foreign = _gateway.RestAs("Bearer other");
        await foreign.SubmitPathsAsync("a");

        using var response = await _gateway.Rest.OpenAsync("/api/v0/batch/watch", type);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["no"], response.Headers.GetValues("X-Accel-Buffering"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal((first.Id, 0, "DONE"), Read(await NextAsync(reader, prefix)));
        Assert.Equal((second.Id, 1, "RUNNING"), Read(await NextAsync(reader, prefix)));
        Assert.Equal(Current, await NextAsync(reader, prefix));

        _gate.SetResult();
        Assert.Equal((second.Id, 0, "DONE"), Read(await NextChangeAsync(reader, prefix)));
        var third = await _gateway.Rest.SubmitPathsAsync("a");
        await _gateway.Rest.WaitUntilDoneAsync(third.Id);
        (string, int, string) told;
        while ((told = Read(await NextChangeAsync(reader, prefix))) != (third.Id, 0, "DONE"))
        {
            Assert.Equal((third.Id, 1, "RUNNING"), told);
        }

        (await _gateway.Rest.SendAsync(HttpMethod.Delete, first.Path)).Success();
        Assert.Equal($$"""{"removed":"{{first.Id}}"}""", await NextChangeAsync(reader, prefix));

        // Nothing happens any more.
        Assert.Equal(Current, await NextAsync(reader, prefix));
        Assert.Equal(Current, await NextAsync(reader, prefix));
    }

    [Fact]
    public async Task V0_Limit_WatchesTheNewestAndForgetsTheOthersSilently()
    {
        var batches = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            batches.Add((await _gateway.Rest.SubmitPathsAsync("slow")).Id);
        }

        using var response = await _gateway.Rest.OpenAsync("/api/v0/batch/watch?limit=2");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(batches[1], Read(await NextAsync(reader, "")).Id);
        Assert.Equal(batches[2], Read(await NextAsync(reader, "")).Id);
        Assert.Equal(Current, await NextAsync(reader, ""));

        var newest = await _gateway.Rest.SubmitPathsAsync("slow");
        Assert.Equal(newest.Id, Read(await NextChangeAsync(reader, "")).Id);

        // It is among the newest two again, though it has not changed.
        (await _gateway.Rest.SendAsync(HttpMethod.Delete, newest.Path)).Success();
        Assert.Equal($$"""{"removed":"{{newest.Id}}"}""", await NextChangeAsync(reader, ""));
        Assert.Equal(batches[1], Read(await NextChangeAsync(reader, "")).Id);
    }

    [Theory]
    [InlineData("/api/v0/batch/watch?limit=-1", "limit")]
    [InlineData("/api/v1/batches:watch?limit=-1", "limit")]
    [InlineData("/api/v0/batch?page_size=-1", "page_size")]
    [InlineData("/api/v0/batch?limit=1&page_size=2", "page_size")]
    [InlineData("/api/v1/batches?limit=1&pageSize=2", "page_size")]
    public async Task Rest_BadLimit_IsRefusedByName(string path, string field)
    {
        var reply = await _gateway.Rest.GetAsync(path);

        Assert.Equal(400, reply.Status);
        Assert.Contains($"\"field\":\"{field}\"", reply.Text.Replace(": ", ":", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v0/batch?limit=2")]
    [InlineData("/api/v0/batch?page_size=2")]
    [InlineData("/api/v0/batch?pageSize=2&limit=2")]
    [InlineData("/api/v1/batches?page_size=2")]
    [InlineData("/api/v1/batches?pageSize=2")]
    public async Task List_EitherName_IsTheSizeOfAPage(string path)
    {
        for (var i = 0; i < 3; i++)
        {
            await _gateway.Rest.SubmitPathsAsync("a");
        }

        var reply = JsonElement.Parse((await _gateway.Rest.GetAsync(path)).Success().Text);
        var batches = reply.TryGetProperty("Batches", out var v0) ? v0 : reply.GetProperty("batches");

        Assert.Equal(2, batches.GetArrayLength());
        Assert.NotEmpty(reply.GetProperty("nextPageToken").GetString()!);
    }

    [Fact]
    public async Task Streams_OfBatches_CountForTheQuota()
    {
        using var one = await _gateway.Rest.OpenAsync("/api/v0/batch/watch");
        using var two = await _gateway.Rest.OpenAsync("/api/v1/batches:watch");
        var refused = await _gateway.Rest.GetAsync("/api/v0/batch/watch");

        Assert.Equal(429, refused.Status);
        Assert.Contains("Batch:Quotas:Streams", refused.Text, StringComparison.Ordinal);
        one.Dispose();
        await Eventually.BeTrueAsync(
            async () =>
            {
                using var again = await _gateway.Rest.OpenAsync("/api/v0/batch/watch");
                return again.IsSuccessStatusCode;
            },
            "a stream that was closed counts no more");
    }

    [Fact]
    public async Task Grpc_GatewayThatStops_EndsTheStreamInOrder()
    {
        var batch = await _gateway.Rest.SubmitPathsAsync("a");
        await _gateway.Rest.WaitUntilDoneAsync(batch.Id);
        using var call = _gateway.Grpc.WatchBatches(new WatchBatchesRequest());
        var records = call.ResponseStream.ReadAllAsync().GetAsyncEnumerator();
        Assert.True(await records.MoveNextAsync());
        Assert.Equal(batch.Id, records.Current.Batch.Id);
        Assert.Equal(BatchState.Done, records.Current.Batch.State);
        Assert.True(await records.MoveNextAsync());
        Assert.NotNull(records.Current.Current);

        _gateway.AnnounceStop();
        var last = records.Current;
        while (await records.MoveNextAsync())
        {
            last = records.Current;
        }

        Assert.NotNull(last.End);
    }

    private static (string Id, int Running, string State) Read(string record)
    {
        var batch = JsonElement.Parse(record).GetProperty("Batch");
        return (batch.GetProperty("id").GetString()!, batch.GetProperty("runningRequests").GetInt32(), batch.GetProperty("state").GetString()!);
    }

    private static async Task<string> NextAsync(StreamReader reader, string prefix)
    {
        while (await reader.ReadLineAsync().WithDeadlineAsync("a record comes") is { } line)
        {
            if (line.Length > 0 && line.StartsWith(prefix, StringComparison.Ordinal))
            {
                return line[prefix.Length..];
            }
        }

        throw new EndOfStreamException();
    }

    private static async Task<string> NextChangeAsync(StreamReader reader, string prefix)
    {
        string record;
        do
        {
            record = await NextAsync(reader, prefix);
        }
        while (record == Current);
        return record;
    }
}
