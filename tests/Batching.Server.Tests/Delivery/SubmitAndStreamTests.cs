using System.Net;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Delivery;

/// <summary>A batch that is submitted and read in one call.</summary>
public sealed class SubmitAndStreamTests : IAsyncLifetime
{
    private const int MiB = 1024 * 1024;
    private const string Path = "/api/v1/batches:submit";

    private readonly TaskCompletionSource _gate = new();
    private TestApi _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(async context =>
        {
            if (context.Request.Path.StartsWithSegments("/slow", StringComparison.Ordinal))
            {
                await _gate.Task;
            }

            await TestApi.JsonAsync(context, """{"a": 1.10}""");
        });
        _gateway = await Gateway.StartAsync(_api, "--Batch:Quotas:Streams=1", "--Batch:Limits:RequestsPerBatch=3", $"--Batch:Limits:DecodingBytesPerOwner={2 * MiB}");
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task SubmitBatch_Grpc_StreamsTheBatchThenResultsAsTheyFinishThenTheEnd()
    {
        using var call = _gateway.Grpc.SubmitBatch(Request("slow/1", "quick"));

        var batch = (await ReadAsync(call)).Batch;
        var stored = (await _gateway.Grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = batch.Id })).Batch;
        var first = (await ReadAsync(call)).Result;
        _gate.SetResult();
        var second = (await ReadAsync(call)).Result;
        var end = (await ReadAsync(call)).Result;

        Assert.Equal(2, stored.TotalRequests);
        Assert.Equal(["slow/1", "quick"], batch.Requests.Select(request => request.Path));
        Assert.Equal((1, batch.Requests[1].Id), (first.Position, first.Request.Id));
        Assert.Equal((2, batch.Requests[0].Id), (second.Position, second.Request.Id));
        Assert.Equal("""{"a": 1.10}""", second.Request.Response.Body.ToStringUtf8());
        Assert.Equal((2, 0L), (end.Position, end.End.RunningRequests));
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        await Eventually.BeTrueAsync(
            async () => (await _gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = batch.Id })).Batch.Requests.Count == 0,
            "what was streamed to its end counts as received");
    }

    [Fact]
    public async Task SubmitBatch_Rest_StreamsTheSameAsLinesOfJson()
    {
        _gate.SetResult();

        var (status, text) = await PostAsync("?requestFields=response.statusCode", """{"requests": [{"path": "a"}, {"path": "b"}]}""");

        Assert.Equal(HttpStatusCode.OK, status);
        var records = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(4, records.Length);
        Assert.Equal(2, records[0].GetProperty("batch").GetProperty("requests").GetArrayLength());
        Assert.Equal("2", records[2].GetProperty("result").GetProperty("position").GetString());
        var request = records[2].GetProperty("result").GetProperty("request");
        Assert.Equal((200, ""), (request.GetProperty("response").GetProperty("statusCode").GetInt32(), request.GetProperty("path").GetString()));
        Assert.True(records[3].GetProperty("result").TryGetProperty("end", out _));
    }

    [Fact]
    public async Task SubmitBatch_CutAndResumed_GoesOnByFetchResultsOrWithTheKey()
    {
        var key = new Metadata { { "idempotency-key", "k" } };
        string id;
        using (var cut = _gateway.Grpc.SubmitBatch(Request("quick", "slow/1"), key))
        {
            id = (await ReadAsync(cut)).Batch.Id;
            Assert.Equal(1, (await ReadAsync(cut)).Result.Position);
        }

        _gate.SetResult();
        using (var rest = await OpenAsync(() => _gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = id, After = 1 })))
        {
            Assert.Equal(2, rest.ResponseStream.Current.Position);
        }

        using var again = await OpenAsync(() => _gateway.Grpc.SubmitBatch(Request("quick", "slow/1"), key));
        Assert.Equal(id, again.ResponseStream.Current.Batch.Id);
        Assert.Equal([1, 2, 2], new[] { await ReadAsync(again), await ReadAsync(again), await ReadAsync(again) }.Select(record => record.Result.Position));
        Assert.Single((await _gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
    }

    [Fact]
    public async Task SubmitBatch_NoStreamLeft_StoresNothing()
    {
        using var open = _gateway.Grpc.SubmitBatch(Request("slow/1"));
        await ReadAsync(open);

        var error = await RefusedAsync(Request("b"));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("Batch:Quotas:Streams", error.Status.Detail, StringComparison.Ordinal);
        Assert.Single((await _gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
    }

    [Fact]
    public async Task SubmitBatch_BadFieldOrRequest_IsRefusedStoresNothingAndGivesTheStreamBack()
    {
        var fields = Request("a");
        fields.RequestFields = FieldMask.FromString("nothing");

        var bad = new[]
        {
            await RefusedAsync(fields), await RefusedAsync(new SubmitBatchRequest()), await RefusedAsync(Request("a", "//b")),
            await RefusedAsync(Request("a", "b", "c", "d")),
        };
        var rest = await PostAsync("", """{"requests": [{"path": "a", "method": "NO SUCH"}]}""");

        Assert.All(bad, error => Assert.Equal(StatusCode.InvalidArgument, error.StatusCode));
        Assert.Equal(
            ["request_fields", "requests", "requests[1].path", "requests"],
            bad.Select(error => error.GetRpcStatus()!.GetDetail<BadRequest>().FieldViolations[0].Field));
        Assert.Equal(HttpStatusCode.BadRequest, rest.Status);
        Assert.Contains("requests[0].method", rest.Text, StringComparison.Ordinal);
        Assert.Empty((await _gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
        using var good = _gateway.Grpc.SubmitBatch(Request("quick"));
        await ReadAsync(good);
    }

    [Fact]
    public async Task SubmitBatch_WaitsForItsResults_HoldsNoMemoryOfTheSubmission()
    {
        using var first = _gateway.Grpc.SubmitBatch(Large());
        await ReadAsync(first);

        // Not both would fit at the same time.
        var second = await _gateway.Grpc.CreateBatchAsync(Large().Batch);

        Assert.Equal(1, second.Batch.TotalRequests);

        static SubmitBatchRequest Large()
        {
            var request = Request("slow/1");
            request.Batch.Requests[0].Method = "POST";
            request.Batch.Requests[0].Body = ByteString.CopyFrom(new byte[3 * MiB / 2]);
            return request;
        }
    }

    private static SubmitBatchRequest Request(params string[] paths) => new()
    {
        Batch = new CreateBatchRequest { Requests = { paths.Select(path => new Request { Path = path }) } },
    };

    private static async Task<SubmitBatchResponse> ReadAsync(AsyncServerStreamingCall<SubmitBatchResponse> call)
    {
        Assert.True(
            await call.ResponseStream.MoveNext(CancellationToken.None).WithDeadlineAsync("the next record comes"));
        return call.ResponseStream.Current;
    }

    // A stream that was cut is one of the caller's until the gateway has seen it.
    private static async Task<AsyncServerStreamingCall<T>> OpenAsync<T>(Func<AsyncServerStreamingCall<T>> open)
    {
        AsyncServerStreamingCall<T>? call = null;
        await Eventually.BeTrueAsync(
            async () =>
            {
                call = open();
                try
                {
                    return await call.ResponseStream.MoveNext(CancellationToken.None);
                }
                catch (RpcException exception) when (exception.StatusCode == StatusCode.ResourceExhausted)
                {
                    call.Dispose();
                    return false;
                }
            },
            "the stream that was cut is over");
        return call!;
    }

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(string query, string body)
    {
        using var http = new HttpClient { BaseAddress = new Uri(_gateway.Address) };
        using var response = await http.PostAsync(
            Path + query, new StringContent(body, Encoding.UTF8, "application/json")).WithDeadlineAsync("the reply comes");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<RpcException> RefusedAsync(SubmitBatchRequest request)
    {
        using var call = _gateway.Grpc.SubmitBatch(request);
        return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
    }
}
