using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Batching.Security.Tests.Infrastructure;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.Collections;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.Security.Tests.Hostile;

/// <summary>
/// The whole table over every way into the gateway. What is refused never arrives, altered or elsewhere, while a good
/// request beside it does.
/// </summary>
public sealed class HostileTableTests : IAsyncLifetime
{
    private const int CallsPerBatch = 50;

    private RawRecorder _api = null!;
    private Gateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _api = RawRecorder.Start();
        _gateway = await Gateway.StartAsync(_api.Address, "--Batch:Headers:Denied:0=X-Internal");
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public void Table_IsLargeAndHasNoCaseTwice()
    {
        Assert.InRange(HostileCases.All.Count, 200, int.MaxValue);
        Assert.Equal(HostileCases.All.Count, HostileCases.All.Select(hostile => hostile.Request).Distinct().Count());
    }

    [Fact]
    public async Task PostV0_HostileRequest_IsRefusedByNameAndNothingIsSent()
    {
        var accepted = new List<string>();
        foreach (var hostile in HostileCases.All.Where(hostile => hostile.IsJson))
        {
            var json = new JsonArray(new JsonObject { ["path"] = "good" }, Dialect.ToV0(hostile.Request));
            var reply = await _gateway.Rest.PostAsync(json.ToJsonString());
            if (reply.Status != 400 || !HasError(reply.Json, $"[1].{hostile.Field}", hostile.Message))
            {
                accepted.Add($"{hostile}, but got {reply.Text}");
            }
        }

        Assert.Empty(accepted);
        await _gateway.AssertNothingStoredAsync();
        await AssertOnlyNeighboursArrivedAsync(0);
    }

    [Fact]
    public Task CreateBatch_HostileRequest_IsRefusedByNameAndNothingIsSent() => AssertRefusedAsync(async hostile =>
        await _gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { new Request { Path = "good" }, hostile } }));

    [Fact]
    public Task UploadBatch_HostileRequestInALaterMessage_IsRefusedByNameAndNothingIsSent() => AssertRefusedAsync(async hostile =>
    {
        using var call = _gateway.Grpc.UploadBatch();
        await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "good" } } });
        await call.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { hostile } });
        await call.RequestStream.CompleteAsync();
        await call;
    });

    [Fact]
    public async Task PostV2_HostileCall_FailsAloneAndIsNotSent()
    {
        var accepted = new List<string>();
        var batches = HostileCases.All
            .Where(hostile => hostile.IsJson && hostile.IsHostileInV2)
            .Chunk(CallsPerBatch)
            .ToArray();
        foreach (var batch in batches)
        {
            var json = new JsonObject { ["good"] = "/good" };
            for (var i = 0; i < batch.Length; i++)
            {
                json[i.ToString(CultureInfo.InvariantCulture)] = Dialect.ToV2(batch[i].Request);
            }

            var reply = (await _gateway.Rest.PostAsync(json.ToJsonString(), "/api/v2/batch")).Success();
            for (var i = 0; i < batch.Length; i++)
            {
                var entry = reply.Json.GetProperty(i.ToString(CultureInfo.InvariantCulture));
                if (entry.GetProperty("headers").GetProperty("response_code").GetInt32() != 400
                    || !entry.GetProperty("data").GetProperty("message").GetString()!.Contains(batch[i].Message, StringComparison.Ordinal))
                {
                    accepted.Add($"{batch[i]}, but got {entry}");
                }
            }
        }

        Assert.Empty(accepted);
        await AssertOnlyNeighboursArrivedAsync(batches.Length);
    }

    [Fact]
    public async Task GetV2_HostilePath_FailsAloneAndIsNotSent()
    {
        // A query is a line of its own: what is longer is refused with it.
        var batches = HostileCases.All
            .Where(hostile => hostile.Field == "path" && hostile.Request.Params is null && hostile.Request.Path.Length is > 0 and < 1000)
            .Where(hostile => hostile.IsHostileInV2)
            .Chunk(CallsPerBatch)
            .ToArray();
        var accepted = new List<string>();
        foreach (var batch in batches)
        {
            var query = string.Join('&', batch.Select((hostile, i) => string.Create(
                CultureInfo.InvariantCulture, $"get[{i}]={System.Uri.EscapeDataString(hostile.Request.Path)}")));
            var reply = (await _gateway.Rest.GetAsync($"/api/v2/batch?get[good]=/good&{query}")).Success();
            for (var i = 0; i < batch.Length; i++)
            {
                var entry = reply.Json.GetProperty(i.ToString(CultureInfo.InvariantCulture));
                if (entry.GetProperty("headers").GetProperty("response_code").GetInt32() != 400
                    || !entry.GetProperty("data").GetProperty("message").GetString()!.Contains(batch[i].Message, StringComparison.Ordinal))
                {
                    accepted.Add($"{batch[i]}, but got {entry}");
                }
            }
        }

        Assert.Empty(accepted);
        await AssertOnlyNeighboursArrivedAsync(batches.Length);
    }

    [Fact]
    public async Task RunBatch_HostileCall_FailsAloneAndIsNotSent()
    {
        using var channel = GrpcChannel.ForAddress(_gateway.Address);
        var client = new KeyedBatchService.KeyedBatchServiceClient(channel);
        var accepted = new List<string>();
        var batches = HostileCases.All.Chunk(CallsPerBatch).ToArray();
        foreach (var batch in batches)
        {
            var calls = batch.Select((hostile, i) =>
                new KeyedRequest { Key = i.ToString(CultureInfo.InvariantCulture), Request = hostile.Request });
            var reply = await client.RunBatchAsync(new RunBatchRequest
            {
                Calls = { calls, new KeyedRequest { Key = "good", Request = new Request { Path = "/good" } } },
            });
            for (var i = 0; i < batch.Length; i++)
            {
                var response = reply.Replies[i].Response;
                var problems = FindProblems(response.Error);
                if (response.StatusCode != 400 || !problems.Any(problem => Names(problem, batch[i].Field, batch[i].Message)))
                {
                    accepted.Add($"{batch[i]}, but got {response}");
                }
            }
        }

        Assert.Empty(accepted);
        await AssertOnlyNeighboursArrivedAsync(batches.Length);
    }

    private async Task AssertRefusedAsync(Func<Request, Task> submitBesideGoodOneAsync)
    {
        var accepted = new List<string>();
        foreach (var hostile in HostileCases.All)
        {
            try
            {
                await submitBesideGoodOneAsync(hostile.Request);
                accepted.Add(hostile.ToString());
            }
            catch (RpcException exception)
            {
                var problems = FindProblems(exception.GetRpcStatus());
                if (exception.StatusCode != StatusCode.InvalidArgument
                    || !problems.Any(problem => Names(problem, $"requests[1].{hostile.Field}", hostile.Message)))
                {
                    accepted.Add($"{hostile}, but got {exception.Status}");
                }
            }
        }

        Assert.Empty(accepted);
        await _gateway.AssertNothingStoredAsync();
        await AssertOnlyNeighboursArrivedAsync(0);
    }

    private static RepeatedField<BadRequest.Types.FieldViolation> FindProblems(Google.Rpc.Status? status) =>
        status?.Details.FirstOrDefault(detail => detail.Is(BadRequest.Descriptor))?.Unpack<BadRequest>().FieldViolations ?? [];

    private static bool Names(BadRequest.Types.FieldViolation problem, string field, string message) =>
        problem.Field == field && problem.Description.Contains(message, StringComparison.Ordinal);

    private static bool HasError(JsonElement json, string field, string message) =>
        json.GetProperty("errors").EnumerateArray().Any(error =>
            error.GetProperty("field").GetString() == field
            && error.GetProperty("message").GetString()!.Contains(message, StringComparison.Ordinal));

    // A last call on every connection: what was sent before it has arrived before it.
    private async Task AssertOnlyNeighboursArrivedAsync(int count)
    {
        (await _gateway.Rest.PostAsync("""{"end": "/end"}""", "/api/v2/batch")).Success();
        Assert.Equal(
            [.. Enumerable.Repeat("GET /good HTTP/1.1", count), "GET /end HTTP/1.1"], _api.Lines);
        Assert.All(_api.Requests, request => Assert.Contains($"\r\nHost: {_api.Authority}\r\n", request, StringComparison.Ordinal));
    }
}
