using System.Text;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Submission;

/// <summary>Bodies that callers by JSON give in base64.</summary>
public sealed class BinaryBodyTests
{
    private static readonly byte[] Bytes = [0, 0xFF, 0xFE, (byte)'"', (byte)'\\', 10, 0x80];

    private static readonly string Text = Convert.ToBase64String(Bytes);

    [Theory]
    [InlineData("""{"path": "x", "method": "PUT", "bodyEncoding": "base64", "body": "BODY"}""")]
    [InlineData("""{"body": "BODY", "path": "x", "method": "PUT", "headers": {"X-Trace": "1"}, "bodyEncoding": "base64"}""")]
    public async Task Submit_Base64InAnyOrder_SendsTheBytes(string request)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync($"[{request.Replace("BODY", Text, StringComparison.Ordinal)}]")).Success();
        await gateway.Rest.WaitUntilDoneAsync(reply.Batch.GetProperty("id").GetString()!);

        var sent = Assert.Single(api.Requests);
        Assert.Equal(Bytes, sent.Body);
        Assert.Equal("application/octet-stream", sent.Headers["Content-Type"]);
    }

    [Fact]
    public async Task Submit_Base64WithContentType_KeepsIt()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync(
            $$$"""[{"path": "x", "method": "PUT", "bodyEncoding": "base64", "body": "{{{Text}}}", "headers": {"content-type": "image/png"}}]""")).Success();
        await gateway.Rest.WaitUntilDoneAsync(reply.Batch.GetProperty("id").GetString()!);

        Assert.Equal("image/png", Assert.Single(api.Requests).Headers["Content-Type"]);
    }

    [Fact]
    public async Task Submit_WithoutEncoding_SendsTheTextItself()
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = (await gateway.Rest.PostAsync(
            $$"""[{"path": "x", "method": "PUT", "bodyEncoding": null, "body": "{{Text}}"}]""")).Success();
        await gateway.Rest.WaitUntilDoneAsync(reply.Batch.GetProperty("id").GetString()!);

        Assert.Equal(Encoding.ASCII.GetBytes(Text), Assert.Single(api.Requests).Body);
    }

    [Theory]
    [InlineData("\"bodyEncoding\": \"hex\", \"body\": \"00\"", "[0].bodyEncoding", "must be base64")]
    [InlineData("\"bodyEncoding\": 64, \"body\": \"00\"", "[0].bodyEncoding", "must be a string")]
    [InlineData("\"bodyEncoding\": \"base64\", \"body\": {\"a\": 1}", "[0].body", "must be a string")]
    [InlineData("\"bodyEncoding\": \"base64\", \"params\": [1]", "[0].body", "must be a string")]
    [InlineData("\"bodyEncoding\": \"base64\", \"body\": \"AAA\"", "[0].body", "is not valid base64")]
    [InlineData("\"bodyEncoding\": \"base64\", \"body\": \"AA-_\"", "[0].body", "is not valid base64")]
    public async Task Submit_BadEncoding_IsRefused(string properties, string field, string message)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await gateway.Rest.PostAsync($$"""[{"path": "x", "method": "PUT", {{properties}}}]""");

        Assert.Equal(400, reply.Status);
        Assert.Contains($"\"field\":\"{field}\",\"message\":\"{message}", reply.Text, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData("payload")]
    [InlineData("data")]
    public async Task Run_Base64_SendsTheBytes(string property)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        // An escape that JSON allows and base64 does not.
        var text = Text.Replace("/", "\\/", StringComparison.Ordinal);
        await gateway.Rest.PostAsync(
            $$$"""{"a": {"url": "/x", "method": "PUT", "{{{property}}}": "{{{text}}}", "bodyEncoding": "base64"}}""", "/api/v2/batch");

        var sent = Assert.Single(api.Requests);
        Assert.Equal(Bytes, sent.Body);
        Assert.Equal("application/octet-stream", sent.Headers["Content-Type"]);
    }

    [Theory]
    [InlineData("\"payload\": \"AA==\", \"bodyEncoding\": \"gzip\"", "bodyEncoding must be base64")]
    [InlineData("\"payload\": [1], \"bodyEncoding\": \"base64\"", "payload must be a string")]
    [InlineData("\"data\": \"?\", \"bodyEncoding\": \"base64\"", "data is not valid base64")]
    public async Task Run_BadEncoding_IsTheErrorOfItsCall(string properties, string message)
    {
        await using var api = await TestApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api);

        var reply = await gateway.Rest.PostAsync(
            $$"""{"a": {"url": "/x", "method": "PUT", {{properties}}}, "b": "/y"}""", "/api/v2/batch");

        Assert.Equal(200, reply.Status);
        Assert.Contains(message, reply.Text, StringComparison.Ordinal);
        Assert.Equal("/y", Assert.Single(api.Requests).Target);
    }
}
