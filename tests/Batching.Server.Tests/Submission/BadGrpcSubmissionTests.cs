using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>What is refused as it comes in over gRPC: named in BadRequest details, and nothing of it stored.</summary>
public sealed class BadGrpcSubmissionTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private readonly Gateway _gateway = fixture.Gateway;

    public static TheoryData<string, string[]> BadBatches => new()
    {
        { """{}""", ["requests"] },
        { """{"requests": [{}]}""", ["requests[0].path"] },
        { """{"requests": [{"path": "x"}, {"path": "x", "method": "FETCH"}]}""", ["requests[1].method"] },
        { """{"requests": [{"path": "http://other/"}]}""", ["requests[0].path"] },
        { """{"requests": [{"path": "x/%2e%2e/y"}]}""", ["requests[0].path"] },
        { """{"requests": [{"path": "x", "headers": {"Host": "h"}}]}""", ["requests[0].headers[Host]"] },
        {
            """{"requests": [{"method": "NO"}, {"path": "//h/"}]}""",
            ["requests[0].path", "requests[0].method", "requests[1].path"]
        },
    };

    [Theory]
    [MemberData(nameof(BadBatches))]
    public async Task CreateBatch_BadBatch_IsInvalidArgumentWithDetails(string json, string[] fields)
    {
        await AssertRefusedAsync(JsonParser.Default.Parse<CreateBatchRequest>(json), fields);
    }

    [Fact]
    public async Task CreateBatch_MoreThan10000Requests_IsInvalidArgument()
    {
        var request = new CreateBatchRequest();
        request.Requests.AddRange(Enumerable.Range(0, 10_001).Select(_ => new Request { Path = "x" }));

        await AssertRefusedAsync(request, "requests");
    }

    [Fact]
    public async Task CreateBatch_MessageOver32MiB_IsResourceExhausted()
    {
        var request = new CreateBatchRequest
        {
            Requests = { new Request { Path = "x", Method = "PUT", Body = ByteString.CopyFrom(new byte[32 << 20]) } },
        };

        var error = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.CreateBatchAsync(request));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        await AssertNoTraceAsync();
    }

    private async Task AssertRefusedAsync(CreateBatchRequest request, params string[] fields)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.CreateBatchAsync(request));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var details = Assert.Single(error.GetRpcStatus()!.Details).Unpack<BadRequest>();
        Assert.Equal(fields, details.FieldViolations.Select(violation => violation.Field));
        Assert.All(details.FieldViolations, violation => Assert.NotEmpty(violation.Description));
        await AssertNoTraceAsync();
    }

    private async Task AssertNoTraceAsync()
    {
        Assert.Empty((await _gateway.Grpc.ListBatchesAsync(new ListBatchesRequest())).Batches);
        Assert.Empty(_gateway.Logs.Errors);
        Assert.Empty(fixture.Api.Requests);
    }
}
