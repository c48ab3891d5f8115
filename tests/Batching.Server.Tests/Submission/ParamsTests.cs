using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Server.Tests.Submission;

/// <summary>Params arrive at the API digit for digit, and are echoed like that.</summary>
public sealed class ParamsTests
{
    private const string Json =
        "{\"id\": 1848978610960949800,\r\n \"d\":1.50, \"e\":[1e3,-0,1E400], \"o\" : {\"n\":1848978610960949800}, \"\\u00fc\":\"\\/\"}";

    private const string Query =
        "id=1848978610960949800&d=1.50&e=1e3&e=-0&e=1E400&o=%7B%22n%22%3A1848978610960949800%7D&%C3%BC=%2F";

    [Fact]
    public async Task Submit_Numbers_ArriveAndAreEchoedAsTheyAreWritten()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var accepted = (await gateway.Rest.PostAsync($$"""[{"path":"x","params":{{Json}}}]""")).Success();
        var id = accepted.Batch.GetProperty("id").GetString()!;
        await gateway.Rest.WaitUntilDoneAsync(id);
        var page = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}")).Success();
        var stream = (await gateway.Rest.GetAsync($"/api/v0/batch/{id}/results?after=0")).Text;
        var grpc = await gateway.Grpc.FetchBatchAsync(new FetchBatchRequest { BatchId = id, After = 0 });

        Assert.Equal("/x?" + Query, Assert.Single(api.Requests).Target);
        Assert.Contains($"\"params\":{Json}", accepted.Text, StringComparison.Ordinal);
        Assert.Contains($"\"params\":{Json}", page.Text, StringComparison.Ordinal);
        Assert.Contains($"\"params\":{Json.Replace("\r\n", "  ", StringComparison.Ordinal)}", stream, StringComparison.Ordinal);
        Assert.Equal(Json, grpc.Batch.Requests[0].ParamsJson);
        Assert.Null(grpc.Batch.Requests[0].Params);
    }

    [Fact]
    public async Task Run_NumbersInKeyedCalls_ArriveAsTheyAreWritten()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        await gateway.Rest.PostAsync($$$"""{"k":{"url":"/x","params":{{{Json}}}}}""", "/api/v2/batch");
        await gateway.Rest.GetAsync("/api/v2/batch?get[k][url]=/y&get[k][params][a]=1.50&get[k][params][b]=x&get[k][params][a]=2");

        Assert.Equal(["/x?" + Query, "/y?a=1.50&b=x&a=2"], api.Requests.Select(request => request.Target));
    }

    [Fact]
    public async Task Submit_NameThatComesTwice_HasItsLastValue()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var request = await gateway.Rest.RunAsync("""{"path":"x","params":{"a":1,"b":2,"\u0061":3}}""");

        Assert.Equal("/x?a=3&b=2", Assert.Single(api.Requests).Target);
        Assert.Equal("""{"a":1,"b":2,"\u0061":3}""", request.GetProperty("params").GetRawText());
    }

    [Fact]
    public async Task CreateBatch_QueryAndParamsJson_ArriveAsTheyAreGiven()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var request = new Request { Path = "x", ParamsJson = Json };
        request.Query.Add(new QueryParameter { Name = "a", Value = "1848978610960949800" });
        request.Query.Add(new QueryParameter { Name = "a", Value = "&" });

        var batch = await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { request } });
        await gateway.Rest.WaitUntilDoneAsync(batch.Batch.Id);
        var page = await gateway.Grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = batch.Batch.Id, RequestFields = FieldMask.FromString("query") });

        Assert.Equal("/x?a=1848978610960949800&a=%26&" + Query, Assert.Single(api.Requests).Target);
        Assert.Equal(Json, batch.Batch.Requests[0].ParamsJson);
        Assert.Equal(request.Query, page.Batch.Requests[0].Query);
        Assert.Equal("", page.Batch.Requests[0].ParamsJson);
    }

    [Theory]
    [InlineData("[]", false, "requests[0].params_json: is not a JSON object")]
    [InlineData("{} x", false, "requests[0].params_json: is not a JSON object")]
    [InlineData("{}", true, "requests[0].params_json: must not be given beside params")]
    public async Task CreateBatch_BadParamsJson_IsRefused(string json, bool besideParams, string expected)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);
        var request = new Request { Path = "x", ParamsJson = json, Params = besideParams ? new Struct() : null };

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await gateway.Grpc.CreateBatchAsync(new CreateBatchRequest { Requests = { request } }));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        var violation = Assert.Single(Assert.Single(refused.GetRpcStatus()!.Details).Unpack<Google.Rpc.BadRequest>().FieldViolations);
        Assert.Equal(expected, $"{violation.Field}: {violation.Description}");
    }

    [Theory]
    [InlineData("""{"a":"\ud83d"}""", 400)]
    [InlineData("""{"\ud83d":1}""", 400)]
    [InlineData("""{"o":{"\ud83d":1}}""", 200)]
    public async Task Submit_HalfASurrogatePair_IsRefusedWhereItCannotBeSent(string json, int status)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        Assert.Equal(status, (await gateway.Rest.PostAsync($$"""[{"path":"x","params":{{json}}}]""")).Status);
    }

    // An unknown member is passed over whatever its name is, and a call that can't be made fails alone.
    [Fact]
    public async Task Run_HalfASurrogatePair_HarmsItsOwnCallOnly()
    {
        await using var api = await TestApi.StartAsync(context => TestApi.JsonAsync(context, """{"\ud83d":1,"data":2}"""));
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await gateway.Rest.PostAsync(
            """{"a":{"url":"/x","\ud83d":1},"b":{"url":"/\ud83d"},"c":"/y","d":{"url":"/z","params":{"p":"\ud83d"}}}""",
            "/api/v2/batch");

        Assert.Equal(200, reply.Status);
        using var json = JsonDocument.Parse(reply.Text);
        Assert.Equal(
            [200, 400, 200, 400],
            json.RootElement.EnumerateObject().Select(
                call => call.Value.GetProperty("headers").GetProperty("status-code").GetInt32()));
        Assert.Equal(2, reply.Text.Split("""},"\ud83d":1,"data":2}""").Length - 1);
    }
}
