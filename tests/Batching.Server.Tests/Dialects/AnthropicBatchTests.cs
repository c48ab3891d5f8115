using System.Text.Json;
using Batching.Server.Tests.Infrastructure;

namespace Batching.Server.Tests.Dialects;

/// <summary>Batches of Anthropic's Message Batches API.</summary>
public sealed class AnthropicBatchTests
{
    private const string Enabled = "--Batch:Dialects:Anthropic:Enabled=true";
    private const string BatchesPath = "/v1/messages/batches";
    private const string Batch = """{"requests":[{"custom_id":"a","params":{"model":"tiny","max_tokens":1,"messages":[]}}]}""";

    [Theory]
    [InlineData("", "")]
    [InlineData("https://batch.example.com", "https://batch.example.com")]
    [InlineData("http://example.com:8080/models", "http://example.com:8080/models")]
    public async Task ResultsUrl_IsRelativeOrBeginsWithThePublicUrl(string setting, string start)
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled, $"--Batch:Dialects:Anthropic:PublicUrl={setting}");
        var id = (await gateway.Rest.PostAsync(Batch, BatchesPath)).Success().Json.GetProperty("id").GetString();
        JsonElement batch = default;
        await Eventually.BeTrueAsync(
            async () =>
            {
                batch = (await gateway.Rest.GetAsync($"{BatchesPath}/{id}")).Success().Json;
                return batch.GetProperty("processing_status").GetString() == "ended";
            },
            $"the end of {id}");
        Assert.Equal($"{start}{BatchesPath}/{id}/results", batch.GetProperty("results_url").GetString());
    }

    [Fact]
    public async Task Post_SomethingBehindTheObject_IsRefused()
    {
        await using var api = await ModelApi.StartAsync();
        await using var gateway = await Gateway.StartAsync(api, Enabled);
        var refused = await gateway.Rest.PostAsync($"{Batch} x", BatchesPath);
        Assert.Equal(400, refused.Status);
        Assert.Equal("invalid_request_error", refused.Json.GetProperty("error").GetProperty("type").GetString());
        Assert.Empty((await gateway.Rest.GetAsync(BatchesPath)).Success().Json.GetProperty("data").EnumerateArray());
        (await gateway.Rest.PostAsync($"{Batch} \r\n\t", BatchesPath)).Success();
    }
}
