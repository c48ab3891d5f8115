using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Delivery;

public sealed class BadQueryTests : IAsyncLifetime
{
    private static readonly string TooManyIds = string.Join(",", Enumerable.Repeat("1000000000000000", 101));

    private TestApi _api = null!;
    private Gateway _gateway = null!;
    private SubmittedBatch _batch = null!;

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync();
        _gateway = await Gateway.StartAsync(_api);
        _batch = await _gateway.Rest.SubmitPathsAsync("x", "y");
        await _gateway.Rest.WaitUntilDoneAsync(_batch.Id);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData("/status?detailed=perhaps", "detailed", "'perhaps'")]
    [InlineData("/status?request_ids=MANY", "request_ids", "has 101 ids; the limit is 100")]
    [InlineData("?request_ids=MANY", "request_ids", "has 101 ids; the limit is 100")]
    [InlineData("?request_fields=id,nothing", "request_fields", "'nothing'")]
    [InlineData("?request_fields=response.body", "request_fields", "'response.body'")]
    [InlineData("/results?request_fields=nothing", "request_fields", "'nothing'")]
    [InlineData("?after=1&request_ids=FIRST", "after", "request_ids")]
    [InlineData("?after=3", "after", "from 0 to 2")]
    [InlineData("?after=-1", "after", "from 0 to 2")]
    [InlineData("?after=x", "after", "whole number")]
    [InlineData("?after=99999999999999999999", "after", "whole number")]
    [InlineData("/results?after=3", "after", "from 0 to 2")]
    [InlineData("/results?after=1.5", "after", "whole number")]
    [InlineData("LIST?limit=-1", "limit", "must not be negative")]
    [InlineData("LIST?limit=all", "limit", "whole number")]
    [InlineData("LIST?page_token=x", "page_token", "not a token")]
    public async Task Get_BadQuery_Is400AndNamesTheParameter(string query, string field, string message)
    {
        var path = query.StartsWith("LIST", StringComparison.Ordinal)
            ? RestClient.BatchPath + query[4..]
            : _batch.Path + query
                .Replace("MANY", TooManyIds, StringComparison.Ordinal)
                .Replace("FIRST", _batch.RequestIds[0], StringComparison.Ordinal);

        var reply = (await _gateway.Rest.GetAsync(path)).Error(400, "INVALID_ARGUMENT");

        Assert.Equal([field], reply.ErrorFields);
        Assert.Contains(message, reply.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        // Nothing was received by that.
        Assert.Equal(2, (await _gateway.Rest.GetAsync(_batch.Path)).Success().Requests.Count);
    }

    [Fact]
    public async Task Fetch_UnknownRequestField_ListsTheKnownOnes()
    {
        var reply = (await _gateway.Rest.GetAsync($"{_batch.Path}?request_fields=x")).Error(400, "INVALID_ARGUMENT");

        Assert.Contains(
            "known are id, spawnedBy, created, done, path, method, params, responseStatusCode, responseSize, response, "
            + "responseHeaders",
            reply.Text,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("perhaps")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("12345678901234567890")]
    [InlineData("%20")]
    [InlineData("1e15")]
    public async Task AnyCall_BatchIdThatIsNone_Is400(string id)
    {
        var path = $"{RestClient.BatchPath}/{id}";

        Assert.Equal(["batch_id"], (await _gateway.Rest.GetAsync(path)).Error(400, "INVALID_ARGUMENT").ErrorFields);
        (await _gateway.Rest.GetAsync($"{path}/status")).Error(400, "INVALID_ARGUMENT");
        (await _gateway.Rest.GetAsync($"{path}/results")).Error(400, "INVALID_ARGUMENT");
        (await _gateway.Rest.PostAsync("", $"{path}/cancel")).Error(400, "INVALID_ARGUMENT");
        (await _gateway.Rest.SendAsync(HttpMethod.Delete, path)).Error(400, "INVALID_ARGUMENT");
        Assert.Equal(400, (await _gateway.Rest.GetAsync($"/api/v1/batches/{id}")).Status);
    }

    [Theory]
    [InlineData("1000000000000000")]
    [InlineData("0000000000000000")]
    [InlineData("9999999999999999")]
    public async Task AnyCall_BatchIdOfNoBatch_Is404(string id)
    {
        var path = $"{RestClient.BatchPath}/{id}";

        (await _gateway.Rest.GetAsync(path)).Error(404, "NOT_FOUND");
        (await _gateway.Rest.GetAsync($"{path}/status")).Error(404, "NOT_FOUND");
        (await _gateway.Rest.GetAsync($"{path}/results")).Error(404, "NOT_FOUND");
        (await _gateway.Rest.PostAsync("", $"{path}/cancel")).Error(404, "NOT_FOUND");
        (await _gateway.Rest.SendAsync(HttpMethod.Delete, path)).Error(404, "NOT_FOUND");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("cancel=yes")]
    [InlineData("{} {}")]
    public async Task Cancel_BodyThatIsNoJson_Is400AndCancelsNothing(string body)
    {
        var reply = (await _gateway.Rest.PostAsync(body, $"{_batch.Path}/cancel")).Error(400, "INVALID_ARGUMENT");

        Assert.Equal(["body"], reply.ErrorFields);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"reason\": \"late\"}")]
    public async Task Cancel_AnyJson_IsTaken(string body) =>
        (await _gateway.Rest.PostAsync(body, $"{_batch.Path}/cancel")).Success();

    [Fact]
    public async Task Get_RequestOfAnotherBatch_Is404ThatNamesIt()
    {
        var other = await _gateway.Rest.SubmitPathsAsync("z");
        var query = $"request_ids={_batch.RequestIds[0]},{other.RequestIds[0]}";

        var fetch = (await _gateway.Rest.GetAsync($"{_batch.Path}?{query}")).Error(404, "NOT_FOUND");
        var status = (await _gateway.Rest.GetAsync($"{_batch.Path}/status?{query}")).Error(404, "NOT_FOUND");

        Assert.Contains(other.RequestIds[0], fetch.Text, StringComparison.Ordinal);
        Assert.Contains(other.RequestIds[0], status.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_SuppressResponseCodes_RepliesWithHttp200AndTheSameBody()
    {
        var path = $"{RestClient.BatchPath}/nothing/status";

        var plain = await _gateway.Rest.GetAsync(path);
        var suppressed = await _gateway.Rest.GetAsync($"{path}?suppress_response_codes=1");

        plain.Error(400, "INVALID_ARGUMENT");
        Assert.Equal(200, suppressed.Status);
        Assert.Equal(plain.Text, suppressed.Text);
    }

    [Theory]
    [InlineData("PUT", "/api/v0/batch", "GET,POST")]
    [InlineData("POST", "/api/v0/batch/1000000000000000", "DELETE,GET")]
    [InlineData("POST", "/api/v0/batch/1000000000000000/status", "GET")]
    [InlineData("GET", "/api/v0/batch/1000000000000000/cancel", "POST")]
    [InlineData("DELETE", "/api/v0/batch/1000000000000000/results", "GET")]
    public async Task AnyPath_MethodThatItHasNot_Is405WithAllow(string method, string path, string allow)
    {
        var reply = await _gateway.Rest.SendAsync(new HttpMethod(method), path);

        Assert.Equal(405, reply.Status);
        Assert.Equal(405, reply.Json.GetProperty("statusCode").GetInt32());
        Assert.NotEmpty(reply.Json.GetProperty("message").GetString()!);
        Assert.Equal(
            allow.Split(','),
            reply.ContentHeaders.Allow.Where(allowed => allowed != "HEAD").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/api/v0")]
    [InlineData("/api/v0/nothing")]
    [InlineData("/api/v0/batch/1000000000000000/nothing")]
    [InlineData("/api/v0/batch/1000000000000000/status/more")]
    public async Task UnknownPath_UnderV0_Is404InTheFormOfV0(string path)
    {
        (await _gateway.Rest.GetAsync(path)).Error(404, "NOT_FOUND");
    }

    [Fact]
    public async Task GrpcCalls_BadArguments_AreInvalidArgumentWithDetails()
    {
        var grpc = _gateway.Grpc;
        var ids = TooManyIds.Split(',');
        await AssertInvalidAsync("request_ids", async () => await grpc.GetBatchStatusAsync(
            new GetBatchStatusRequest { BatchId = _batch.Id, RequestIds = { ids } }));
        await AssertInvalidAsync("request_ids", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, RequestIds = { ids } }));
        await AssertInvalidAsync("request_fields", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, RequestFields = FieldMask.FromString("nothing") }));
        await AssertInvalidAsync("after", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, After = 1, RequestIds = { _batch.RequestIds } }));
        await AssertInvalidAsync("after", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, After = 3 }));
        await AssertInvalidAsync("batch_id", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = "no number" }));
        await AssertInvalidAsync("batch_id", async () => await grpc.DeleteBatchAsync(new DeleteBatchRequest()));
        await AssertInvalidAsync("limit", async () => await grpc.ListBatchesAsync(
            new ListBatchesRequest { Limit = -1 }));
        await AssertInvalidAsync("after", async () =>
        {
            using var call = grpc.FetchResults(new FetchResultsRequest { BatchId = _batch.Id, After = -1 });
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });
    }

    [Fact]
    public async Task GrpcCalls_VeryManyLongProblems_NameAsManyAsATrailerHolds()
    {
        var mask = new FieldMask { Paths = { Enumerable.Range(0, 300).Select(i => $"{new string('\ufeff', 400)}{i}") } };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, RequestFields = mask }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var status = error.GetRpcStatus()!;
        Assert.InRange(status.CalculateSize(), 1, 6 * 1024);
        Assert.NotEmpty(Assert.Single(status.Details).Unpack<BadRequest>().FieldViolations);
    }

    [Fact]
    public async Task GrpcCalls_UnknownIds_AreNotFoundWithDetails()
    {
        var grpc = _gateway.Grpc;
        await AssertNotFoundAsync("batch", "1000000000000000", async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = "1000000000000000" }));
        await AssertNotFoundAsync("request", _batch.Id, async () => await grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = _batch.Id, RequestIds = { _batch.Id } }));
    }

    private static async Task AssertInvalidAsync(string field, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var details = Assert.Single(error.GetRpcStatus()!.Details).Unpack<BadRequest>();
        Assert.Equal(field, Assert.Single(details.FieldViolations).Field);
    }

    private static async Task AssertNotFoundAsync(string kind, string id, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        var details = Assert.Single(error.GetRpcStatus()!.Details).Unpack<ResourceInfo>();
        Assert.Equal((kind, id), (details.ResourceType, details.ResourceName));
    }
}
