using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

public sealed class ReferencesTests
{
    [Fact]
    public async Task CreateBatch_References_AreSentWithTheirValues()
    {
        await using var api = await StartApiAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var batch = await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest
        {
            Requests =
            {
                new Request { Path = "src", Key = "src" },
                new Request { Path = "use/${src#/id}", Method = "POST", References = true, Body = ByteString.CopyFromUtf8("""{"v":{"$ref":"src#/v"}}""") },
                new Request { Path = "use/${src#/none}", References = true },
            },
        });

        using var stream = gateway.Grpc.FetchResults(new FetchResultsRequest { BatchId = batch.Batch.Id });
        var results = new List<Request>();
        await foreach (var record in stream.ResponseStream.ReadAllAsync())
        {
            if (record.Request is { } result)
            {
                results.Add(result);
            }
        }

        Assert.Equal([200, 200, 424], results.OrderBy(result => result.Index).Select(result => result.Response.StatusCode));
        Assert.Equal(
            "REFERENCE_NOT_FOUND", results.Single(result => result.Index == 2).Response.Error.Details[0].Unpack<ErrorInfo>().Reason);
        var sent = api.Requests.Single(call => call.Method == "POST");
        Assert.Equal(("/use/1.50", """{"v":[1, "x"]}"""), (sent.Target, sent.Text));
    }

    [Fact]
    public async Task Post_References_AreSentWithTheirValuesAndShownAsGiven()
    {
        await using var api = await StartApiAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync(
            """
            [{"path": "src", "key": "src"},
             {"path": "use", "params": {"n": {"$ref": "src#/id"}}, "headers": {"X-Id": {"$ref": "src#/a}b"}, "X-Both": "${src.status}-${src#/id}"},
              "references": true}]
            """)).Success();

        Assert.EndsWith(
            """
            "path":"use","method":"GET","params":{"n":{"$ref":"src#/id"}},"dependsOn":["src"],"references":true}]},"statusCode":200}
            """,
            reply.Text,
            StringComparison.Ordinal);
        await Eventually.BeTrueAsync(() => api.Requests.Count == 2, "both were sent");
        var sent = api.Requests.Last();
        Assert.Equal(("/use?n=1.50", "true", "200-1.50"), (sent.Target, sent.Headers["X-Id"], sent.Headers["X-Both"]));
    }

    private static Task<TestApi> StartApiAsync() =>
        TestApi.StartAsync(context => TestApi.JsonAsync(context, """{"id":1.50,"v":[1, "x"],"a}b":true}"""));
}
