using System.Net.Http.Headers;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>Submissions with an <c>Idempotency-Key</c>, over every path that there is.</summary>
public sealed class IdempotencyTests
{
    private const string V0Body = """[{"path": "a?x=1", "method": "post", "headers": {"x-b": "2", "x-a": "1"}, "body": {"n": 1.0}}, {"path": "b"}]""";
    private const string V1Path = "/api/v1/batches";

    private static readonly Metadata Key = new() { { "idempotency-key", "\"k 1\"" } };

    [Fact]
    public async Task Submit_SameContentOverEveryPath_IsOneBatch()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var first = (await PostV0Async(gateway.Rest, V0Body)).Success();
        var id = first.Batch.GetProperty("id").GetString();
        await gateway.Rest.WaitUntilDoneAsync(id!);
        var v0 = (await PostV0Async(gateway.Rest, V0Body.Replace("}, {", "}\n,{", StringComparison.Ordinal))).Success();
        var created = (await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { Requests() } }, Key)).Batch;
        using var upload = gateway.Grpc.UploadBatch(Key);
        foreach (var request in Requests())
        {
            await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { request } });
        }

        await upload.RequestStream.CompleteAsync();
        var uploaded = (await upload).Batch;
        var v1 = await PostAsync(gateway.Rest, V1Path, JsonFormatter.Default.Format(new CreateBatchRequest { Requests = { Requests() } }));

        Assert.Equal((id, id, id), (v0.Batch.GetProperty("id").GetString(), created.Id, uploaded.Id));
        Assert.Equal((200, true), (v1.Status, v1.Text.Contains(id!, StringComparison.Ordinal)));
        Assert.Equal(
            first.Requests.Select(request => request.GetProperty("id").GetString()), created.Requests.Select(request => request.Id));
        Assert.All(v0.Requests, request => Assert.Equal(200, request.GetProperty("responseStatusCode").GetInt32()));
        Assert.Equal((BatchState.Done, BatchState.Done), (created.State, uploaded.State));
        Assert.Equal(2, api.Requests.Count);
        var listed = await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest());
        Assert.Single(listed.Batches);
    }

    [Fact]
    public async Task Submit_SameKeyWithOtherContent_IsAborted()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        await PostV0Async(gateway.Rest, V0Body);

        var v0 = await PostV0Async(gateway.Rest, """[{"path": "b"}]""");
        var v1 = await PostAsync(gateway.Rest, V1Path, """{"requests": [{"path": "b"}]}""");
        var grpc = await Assert.ThrowsAsync<RpcException>(
            async () => await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { new Request { Path = "b" } } }, Key));
        using var upload = gateway.Grpc.UploadBatch(Key);
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "b" } } });
        await upload.RequestStream.CompleteAsync();
        var uploaded = await Assert.ThrowsAsync<RpcException>(async () => await upload);

        Assert.Equal(
            """{"message":"The Idempotency-Key was used for a batch with other content. Give each submission a key of its own.","statusCode":409,"error":"ABORTED"}""",
            v0.Text);
        Assert.Equal((409, 409), (v0.Status, v1.Status));
        Assert.Contains("IDEMPOTENCY_KEY_REUSED", v1.Text, StringComparison.Ordinal);
        Assert.All(new[] { grpc, uploaded }, error =>
        {
            Assert.Equal(StatusCode.Aborted, error.StatusCode);
            Assert.Equal("IDEMPOTENCY_KEY_REUSED", error.GetRpcStatus()!.GetDetail<ErrorInfo>().Reason);
        });
    }

    [Theory]
    [InlineData("\"a")]
    [InlineData("a b")]
    [InlineData("\"\"")]
    [InlineData("12345678901")]
    public async Task Submit_BadKey_IsRefusedAndNothingIsStored(string key)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, "--Batch:Limits:IdempotencyKeyLength=10");

        var v0 = await PostAsync(gateway.Rest, RestClient.BatchPath, V0Body, key);
        var grpc = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Grpc.CreateBatchAsync(
            new CreateBatchRequest { Requests = { Requests() } }, new Metadata { { "idempotency-key", key } }));

        Assert.Equal(400, v0.Status);
        Assert.Contains("Idempotency-Key", v0.Text, StringComparison.Ordinal);
        Assert.Equal(StatusCode.InvalidArgument, grpc.StatusCode);
        await gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Submit_GatewayKilledBehindIt_IsTheSameBatchAfterTheNextStart()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var id = (await PostV0Async(gateway.Rest, V0Body)).Success().Batch.GetProperty("id").GetString();

        await gateway.KillAsync();
        await gateway.RestartAsync();

        var again = (await PostV0Async(gateway.Rest, V0Body)).Success();
        Assert.Equal(id, again.Batch.GetProperty("id").GetString());
        Assert.Equal(409, (await PostV0Async(gateway.Rest, """[{"path": "b"}]""")).Status);
        await gateway.Rest.WaitUntilDoneAsync(id!);
    }

    [Fact]
    public async Task Submit_GatewayKilledAtAnyMoment_MakesOneBatch()
    {
        await using var api = await TestApi.StartAsync();
        using var data = new TemporaryDirectory();
        using var gateway = await GatewayProcess.StartAsync(api, data);
        var random = new Random(1);
        for (var round = 0; round < 3; round++)
        {
            // Killed while several submissions of the same batch are on their way.
            var key = $"\"round {round}\"";
            var lost = Enumerable.Range(0, 5).Select(_ => PostAsync(gateway.Rest, RestClient.BatchPath, V0Body, key)).ToArray();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(30)), TimeProvider.System);
            await gateway.KillAsync();
            await ((Task)Task.WhenAll(lost)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await gateway.RestartAsync();

            var reply = (await PostAsync(gateway.Rest, RestClient.BatchPath, V0Body, key)).Success();
            var id = reply.Batch.GetProperty("id").GetString();
            Assert.All(
                lost.Where(call => call.IsCompletedSuccessfully),
                call => Assert.Equal(id, call.Result.Success().Batch.GetProperty("id").GetString()));
            var listed = await gateway.Grpc.ListBatchesAsync(new ListBatchesRequest());
            Assert.Equal(round + 1, listed.Batches.Count);
            await gateway.Rest.WaitUntilDoneAsync(id!);
        }
    }

    private static Request[] Requests() =>
    [
        new()
        {
            Path = "a?x=1",
            Method = "POST",
            Headers = { ["x-a"] = "1", ["x-b"] = "2" },
            Body = ByteString.CopyFromUtf8("""{"n": 1.0}"""),
        },
        new() { Path = "b" },
    ];

    private static Task<RestReply> PostV0Async(RestClient rest, string body) => PostAsync(rest, RestClient.BatchPath, body);

    private static Task<RestReply> PostAsync(RestClient rest, string path, string body, string key = "\"k 1\"") => rest.SendAsync(
        HttpMethod.Post,
        path,
        new StringContent(body, MediaTypeHeaderValue.Parse("application/json")),
        headers => headers.TryAddWithoutValidation("Idempotency-Key", key));
}
