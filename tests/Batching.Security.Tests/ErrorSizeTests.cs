using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Batching.Security.Tests;

/// <summary>An error does not grow with what it is about, whoever has written that.</summary>
public sealed class ErrorSizeTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const int Most = 20_000;

    private readonly Gateway _gateway = fixture.Gateway;

    [Theory]
    [InlineData("/api/v0/batch/1234567890123456?request_fields=", "b,")]
    [InlineData("/api/v0/batch/1234567890123456/results?request_fields=", "b,")]
    [InlineData("/api/v1/batches/1234567890123456/results?request_fields=", "b,")]
    [InlineData("/api/v0/batch?", "limit=x&")]
    [InlineData("/api/v1/batches?", "page_size=x&")]
    [InlineData("/api/v0/batch/1234567890123456/status?", "detailed=2&")]
    [InlineData("/api/v2/batch?", "get[b][headers]=1&")]
    public async Task Get_QueryFullOfMistakes_HasAShortError(string path, string mistake)
    {
        var query = new StringBuilder(path);
        while (query.Length + mistake.Length < 15_000)
        {
            query.Append(mistake);
        }

        var reply = await _gateway.Rest.GetAsync(query.ToString().TrimEnd('&', ','));

        Assert.InRange(reply.Text.Length, 10, Most);
    }

    [Theory]
    [InlineData("/api/v0/batch/1234567890123456?request_fields=NAME", "request_fields")]
    [InlineData("/api/v0/batch?limit=NAME", "limit")]
    [InlineData("/api/v2/batch?get[NAME][url]=/x&get[NAME][url]=/x", "is given twice")]
    public async Task Get_LongName_IsCutAndStillSaysWhatIsWrong(string path, string what)
    {
        var reply = await _gateway.Rest.GetAsync(path.Replace("NAME", new string('n', 7_000), StringComparison.Ordinal));

        Assert.Equal(400, reply.Status);
        Assert.Contains(what, reply.Text, StringComparison.Ordinal);
        Assert.InRange(reply.Text.Length, 10, 2_000);
    }

    [Theory]
    [InlineData("/api/v0/batch")]
    [InlineData("/api/v1/batches")]
    [InlineData("/api/v2/batch")]
    public async Task Post_LongContentCodingOrMethod_IsCut(string path)
    {
        var body = new StringContent("[]");
        body.Headers.TryAddWithoutValidation("Content-Encoding", new string('n', 15_000));
        var coding = await _gateway.Rest.SendAsync(HttpMethod.Post, path, body);
        Assert.Equal(415, coding.Status);
        Assert.InRange(coding.Text.Length, 10, 1_000);

        var method = await _gateway.Rest.SendAsync(new HttpMethod(new string('N', 15_000)), path);
        Assert.Equal(405, method.Status);
        Assert.InRange(method.Text.Length, 10, 2_000);
    }

    [Fact]
    public async Task Grpc_MaskFullOfUnknownFields_HasAShortError()
    {
        var mask = new FieldMask { Paths = { Enumerable.Range(0, 100_000).Select(i => $"{i}") } };
        var error = await Assert.ThrowsAsync<RpcException>(() => _gateway.Grpc.FetchBatchAsync(
            new FetchBatchRequest { BatchId = "1234567890123456", RequestFields = mask }).ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.InRange(error.Trailers.Sum(entry => entry.IsBinary ? entry.ValueBytes.Length : entry.Value.Length), 0, 8_192);
    }

    // What the API says of its next page is repeated in a result, which is stored, and whose size counts as nothing.
    [Theory]
    [InlineData("http://elsewhere.test/", "next_url")]
    [InlineData("/x?", "next_url")]
    [InlineData("\\\\", "next_url")]
    [InlineData("", "cursor")]
    public async Task Result_NextPageWithAnEndlessUrl_IsShort(string start, string style)
    {
        var url = JsonSerializer.Serialize(start + new string('n', 6 << 20));
        var name = style == "cursor" ? "cursor" : "next";
        await using var api = await TestApi.StartUnrecordedAsync(
            context => TestApi.JsonAsync(context, $$"""{"items": [1], "{{name}}": {{url}}}"""));
        await using var gateway = await Gateway.StartAsync(api);
        var batch = await gateway.Rest.SubmitAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""[{"path": "items", "spawner": true, "pagination": {"style": "{{{style}}}"}}]"""));
        await gateway.Rest.WaitUntilDoneAsync(batch.Id);

        var pages = (await gateway.Rest.GetAsync($"{batch.Path}?after=2")).Success().Requests;

        var end = Assert.Single(pages);
        Assert.Equal(502, end.GetProperty("responseStatusCode").GetInt32());
        Assert.Equal("BAD_NEXT_PAGE", end.GetProperty("response").GetProperty("error").GetString());
        Assert.InRange(end.GetRawText().Length, 10, 2_000);
    }
}
