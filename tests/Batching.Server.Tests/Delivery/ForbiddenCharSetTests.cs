using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Net.Client;

namespace Batching.Server.Tests.Delivery;

/// <summary>A character set that .NET refuses, or that nobody knows, harms its own body at most, in every form of reply.</summary>
public sealed class ForbiddenCharSetTests
{
    private static readonly byte[] Body = "{\"a\": \"+AOQ-\u00ff"u8.ToArray();

    [Theory]
    [InlineData("text/plain; charset=utf-7")]
    [InlineData("text/plain; charset=UTF-7")]
    [InlineData("application/json; charset=unicode-1-1-utf-7")]
    [InlineData("text/html; charset=\"unicode-2-0-utf-7\"")]
    [InlineData("text/plain; charset='x-unicode-1-1-utf-7'")]
    [InlineData("application/xml; charset=x-unicode-2-0-utf-7")]
    [InlineData("text/plain; charset=csUnicode11UTF7")]
    [InlineData("text/plain; charset=65000")]
    [InlineData("text/plain; charset=nothing")]
    public async Task Body_InACharacterSetThatIsRefused_IsBase64InEveryForm(string contentType)
    {
        await using var api = await TestApi.StartAsync(context => context.Request.Path == "/good"
            ? TestApi.JsonAsync(context, "[1]")
            : TestApi.BytesAsync(context, contentType, Body));
        await using var gateway = await Gateway.StartAsync(api);
        using var channel = GrpcChannel.ForAddress(gateway.Address);
        var batch = await gateway.Rest.SubmitPathsAsync("bad", "good");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);
        var base64 = Convert.ToBase64String(Body);

        foreach (var query in new[] { "after=0", $"request_ids={string.Join(',', batch.RequestIds)}" })
        {
            var page = (await gateway.Rest.GetAsync($"{batch.Path}?{query}")).Success();
            Assert.Equal(2, page.Requests.Count);
            AssertV0(page.Requests.Single(request => request.GetProperty("path").GetString() == "bad"));
        }

        foreach (var accept in new[] { "application/x-ndjson", "text/event-stream" })
        {
            using var response = await gateway.Rest.OpenAsync($"{batch.Path}/results?after=0", accept);
            var stream = await response.Content.ReadAsStringAsync();
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Contains(base64, stream, StringComparison.Ordinal);
            Assert.Contains("\"end\":true", stream, StringComparison.Ordinal);
        }

        foreach (var path in new[] { "results?after=0", "results:stream?after=0" })
        {
            var v1 = await gateway.Rest.GetAsync($"/api/v1/batches/{batch.Id}/{path}");
            Assert.Equal(200, v1.Status);
            Assert.Contains(base64, v1.Text, StringComparison.Ordinal);
        }

        var keyed = (await gateway.Rest.PostAsync("""{"bad": "/bad", "good": "/good"}""", "/api/v2/batch")).Json;
        Assert.Equal(base64, keyed.GetProperty("bad").GetProperty("data").GetString());
        Assert.Equal("[1]", keyed.GetProperty("good").GetProperty("data").GetRawText());

        var rpc = await new KeyedBatchService.KeyedBatchServiceClient(channel).RunBatchAsync(
            new RunBatchRequest { Calls = { new KeyedRequest { Key = "bad", Request = new Request { Path = "/bad" } } } });
        Assert.Equal(Body, Assert.Single(rpc.Replies).Response.Body.ToByteArray());

        void AssertV0(JsonElement request)
        {
            Assert.Equal("base64", request.GetProperty("responseEncoding").GetString());
            Assert.Equal(base64, request.GetProperty("response").GetString());
        }
    }

    [Fact]
    public async Task Page_InACharacterSetThatIsRefused_EndsItsQueryWithAnError()
    {
        await using var api = await TestApi.StartAsync(
            context => TestApi.BytesAsync(context, "application/json; charset=utf-7", Body));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitAsync("""[{"path": "x", "spawner": true}]""");
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var end = (await gateway.Rest.GetAsync($"{batch.Path}?after=0")).Success().Requests[^1];

        Assert.Equal("BAD_NEXT_PAGE", end.GetProperty("response").GetProperty("error").GetString());
    }
}
