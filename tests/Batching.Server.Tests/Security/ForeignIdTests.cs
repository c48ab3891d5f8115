using System.Text;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Batching.Server.Tests.Security;

/// <summary>Every id of another owner, wherever an id can be given, is an id that never was.</summary>
public sealed class ForeignIdTests : IAsyncLifetime
{
    private static readonly Metadata Mine = new() { { "authorization", "Bearer mine" } };

    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private RestClient _me = null!;
    private RestClient _other = null!;
    private SubmittedBatch _mine = null!;
    private SubmittedBatch _foreign = null!;
    private SubmittedBatch _running = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync(context => context.Request.Path == "/slow"
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            : TestApi.JsonAsync(context, """{"secret": 1, "cursor": null}"""));
        _gateway = await Gateway.StartAsync(_api, "--Batch:ShutdownGrace=00:00:00");
        _me = _gateway.RestAs("Bearer mine");
        _other = _gateway.RestAs("Bearer other");
        _mine = await _me.SubmitPathsAsync("a", "b");
        _foreign = await _other.SubmitAsync("""[{"path": "c"}, {"path": "pages", "spawner": true}]""");
        _running = await _other.SubmitPathsAsync("slow", "d");
        await _me.WaitUntilDoneAsync(_mine.Id);
        await _other.WaitUntilDoneAsync(_foreign.Id);
        await _other.WaitForRunningAsync(_running.Id, 1);
    }

    public async Task DisposeAsync()
    {
        _me.Dispose();
        _other.Dispose();
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task RestPaths_AllWithEveryIdOfAnotherOwner_AreTheSame404AsForNoBatchAtAll()
    {
        var state = await DescribeAsync();
        var own = _mine.RequestIds[0];
        foreach (var id in ForeignIds())
        {
            foreach (var (method, path) in new[]
            {
                ("GET", "{0}"), ("HEAD", "{0}"), ("GET", "{0}/"), ("GET", "{0}?after=0"), ("GET", "{0}?after=1000"),
                ("GET", $"{{0}}?request_ids={own}"), ("GET", "{0}?request_ids={0}"), ("GET", "{0}?request_fields=response"),
                ("GET", "{0}/status"), ("HEAD", "{0}/status"), ("GET", "{0}/status?detailed=true"),
                ("GET", $"{{0}}/status?request_ids={own}"), ("GET", "{0}/results"), ("GET", "{0}/results?after=0"),
                ("POST", "{0}/cancel"), ("POST", "{0}/requests"), ("POST", "{0}/requests?offset=1"), ("POST", "{0}/seal"), ("DELETE", "{0}"), ("GET", _mine.Id + "?request_ids={0}"),
                ("GET", $"{_mine.Id}?request_ids={own},{{0}}"), ("GET", _mine.Id + "/status?request_ids={0}"),
                ("GET", "{0}?suppress_response_codes=true"), ("GET", "{0}/webhooks"),
                ("POST", "{0}/webhooks/msg_{0}_done/resend"), ("POST", $"{{0}}/webhooks/msg_{_mine.Id}_done/resend"),
            })
            {
                var foreign = await CallAsync(method, path, id);
                var nothing = await CallAsync(method, path, Unknown(id));

                Assert.True(
                    nothing == foreign, $"{method} {path}\nnothing: {nothing}\nforeign: {foreign}");
                Assert.Contains("404", foreign, StringComparison.Ordinal);
            }
        }

        Assert.Equal(state, await DescribeAsync());
    }

    [Fact]
    public async Task Rpcs_AllWithEveryIdOfAnotherOwner_AreNotFoundAsNoBatchAtAll()
    {
        var state = await DescribeAsync();
        var grpc = _gateway.Grpc;
        var calls = new Dictionary<string, Func<string, Task>[]>
        {
            ["GetBatchStatus"] =
            [
                async id => await grpc.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = id, Detailed = true }, Mine),
                async id => await grpc.GetBatchStatusAsync(
                    new GetBatchStatusRequest { BatchId = _mine.Id, RequestIds = { id } }, Mine),
            ],
            ["FetchBatch"] =
            [
                async id => await grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = id }, Mine),
                async id => await grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = id, After = 1 }, Mine),
                async id => await grpc.FetchBatchAsync(
                    new FetchBatchRequest { BatchId = _mine.Id, RequestIds = { id } }, Mine),
            ],
            ["FetchResults"] =
            [
                async id =>
                {
                    using var call = grpc.FetchResults(new FetchResultsRequest { BatchId = id, After = 0 }, Mine);
                    await call.ResponseStream.MoveNext(CancellationToken.None);
                },
            ],
            ["ReadBody"] =
            [
                async id =>
                {
                    using var call = grpc.ReadBody(new ReadBodyRequest { BatchId = id, RequestId = id }, Mine);
                    await call.ResponseStream.MoveNext(CancellationToken.None);
                },
                async id =>
                {
                    using var call = grpc.ReadBody(new ReadBodyRequest { BatchId = _mine.Id, RequestId = id }, Mine);
                    await call.ResponseStream.MoveNext(CancellationToken.None);
                },
            ],
            ["AppendRequests"] =
            [
                async id => await grpc.AppendRequestsAsync(
                    new AppendRequestsRequest { BatchId = id, Requests = { new Request { Path = "e" } } }, Mine),
                async id => await grpc.AppendRequestsAsync(
                    new AppendRequestsRequest { BatchId = id, Offset = 1, Requests = { new Request { Path = "e" } } }, Mine),
            ],
            ["SealBatch"] = [async id => await grpc.SealBatchAsync(new SealBatchRequest { BatchId = id }, Mine)],
            ["CancelBatch"] = [async id => await grpc.CancelBatchAsync(new CancelBatchRequest { BatchId = id }, Mine)],
            ["DeleteBatch"] = [async id => await grpc.DeleteBatchAsync(new DeleteBatchRequest { BatchId = id }, Mine)],
        };

        // A method that comes to take an id has to come into the table.
        Assert.Equal(
            BatchService.Descriptor.Methods.Where(TakesIds).Select(method => method.Name).Order(StringComparer.Ordinal),
            calls.Keys.Order(StringComparer.Ordinal));
        foreach (var id in ForeignIds())
        {
            foreach (var call in calls.Values.SelectMany(forms => forms))
            {
                Assert.Equal(await FailAsync(call, Unknown(id)), await FailAsync(call, id));
            }
        }

        Assert.Equal(state, await DescribeAsync());
    }

    // The list's pages are found by ids as well.
    [Fact]
    public async Task List_WithThePageTokenOfAnotherOwner_HasOnesOwnBatchesOnly()
    {
        var page = (await _other.GetAsync($"{RestClient.BatchPath}?limit=1")).Success();
        var token = page.Json.GetProperty("nextPageToken").GetString()!;

        var mine = (await _me.GetAsync($"{RestClient.BatchPath}?page_token={Uri.EscapeDataString(token)}")).Success();

        Assert.Equal([_mine.Id], mine.BatchIds);
    }

    private static bool TakesIds(MethodDescriptor method) =>
        method.InputType.Fields.InDeclarationOrder().Any(field => field.Name is "batch_id" or "request_ids");

    // A text of the same length that is no id of anything here.
    private static string Unknown(string id) =>
        new([.. id.Select((digit, i) => i == 15 ? (digit == '9' ? '1' : (char)(digit + 1)) : digit)]);

    private static async Task<string> FailAsync(Func<string, Task> call, string id)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => call(id));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        var trailers = error.Trailers.Where(entry => entry.Key != "date").Select(entry =>
            $"{entry.Key}: {(entry.IsBinary ? Encoding.UTF8.GetString(entry.ValueBytes) : entry.Value)}");
        return $"{error.Status.Detail} {string.Join('\n', trailers)}".Replace(id, "ID", StringComparison.Ordinal);
    }

    private IEnumerable<string> ForeignIds() =>
        [_foreign.Id, .. _foreign.RequestIds, _running.Id, .. _running.RequestIds];

    // Status, header fields and body, without what differs between any two replies.
    private async Task<string> CallAsync(string method, string path, string id)
    {
        using var body = path.Contains("/requests", StringComparison.Ordinal) ? new StringContent("""[{"path": "e"}]""") : null;
        var reply = await _me.SendAsync(
            new HttpMethod(method), $"{RestClient.BatchPath}/{path.Replace("{0}", id, StringComparison.Ordinal)}", body);
        var headers = reply.Headers.Concat(reply.ContentHeaders)
            .Where(field => field.Key != "Date")
            .Select(field => $"{field.Key}: {string.Join(',', field.Value)}");
        return $"{reply.Status}\n{string.Join('\n', headers)}\n{reply.Text}".Replace(id, "ID", StringComparison.Ordinal);
    }

    // All that the other owner can see: nothing may have changed, neither state nor received mark.
    private async Task<string> DescribeAsync()
    {
        var texts = new StringBuilder();
        foreach (var path in new[]
        {
            RestClient.BatchPath, $"{_foreign.Path}/status?detailed=true", $"{_running.Path}/status?detailed=true",
        })
        {
            texts.AppendLine((await _other.GetAsync(path)).Success().Text);
        }

        return texts.ToString();
    }
}
