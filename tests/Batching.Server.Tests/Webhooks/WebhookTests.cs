using System.Globalization;
using System.Text;
using System.Text.Json;
using Batching.Server.Configuration;
using Batching.Server.Tests.Infrastructure;
using Batching.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace Batching.Server.Tests.Webhooks;

/// <summary>Messages of webhooks by each of the ways to call the gateway.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private TestApi _api = null!;
    private TestApi _receiver = null!;
    private Gateway _gateway = null!;
    private GrpcChannel _channel = null!;

    private string Url => $"{_receiver.Address}/hook?of=me";

    private WebhookService.WebhookServiceClient Client => new(_channel);

    public async Task InitializeAsync()
    {
        _api = await TestApi.StartAsync();
        _receiver = await TestApi.StartAsync();
        _gateway = await Gateway.StartAsync(
            _api,
            $"--Batch:Webhooks:AllowedHosts:0={_receiver.Address}",
            "--Batch:Webhooks:AllowedHosts:1=hooks.example.com",
            "--Batch:Webhooks:AllowPrivateAddresses=true");
        _channel = GrpcChannel.ForAddress(_gateway.Address);
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _gateway.DisposeAsync();
        await _receiver.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task V0_BatchWithNotify_IsShownSentListedAndResent()
    {
        var reply = (await _gateway.Rest.PostAsync(
            """[{"path": "a"}]""",
            $"/api/v0/batch?notify_url={Uri.EscapeDataString(Url)}&notify_events=expired,done")).Success();
        var id = reply.Batch.GetProperty("id").GetString()!;
        var expected = $$"""{"url":"{{Url}}","events":["done","expired"]}""";
        Assert.Equal(expected, reply.Batch.GetProperty("notify").GetRawText());
        var message = await UntilDeliveredAsync(id, 1);
        Assert.Equal(
            ($"msg_{id}_done", "done", Url, 1, 200),
            (message.GetProperty("id").GetString(), message.GetProperty("event").GetString(), message.GetProperty("url").GetString(),
                message.GetProperty("attempts").GetInt32(), message.GetProperty("statusCode").GetInt32()));
        Assert.False(message.TryGetProperty("error", out _));
        Assert.False(message.TryGetProperty("nextAttempt", out _));
        Assert.Equal(
            expected,
            (await _gateway.Rest.GetAsync($"/api/v0/batch/{id}/status")).Success().Batch.GetProperty("notify").GetRawText());
        Assert.False((await _gateway.Rest.GetAsync($"/api/v0/batch/{id}?after=0")).Success().Batch.TryGetProperty("notify", out _));

        var resent = (await _gateway.Rest.SendAsync(
            HttpMethod.Post, $"/api/v0/batch/{id}/webhooks/msg_{id}_done/resend")).Success().Json.GetProperty("Webhook");
        Assert.Equal(("WAITING", 0), (resent.GetProperty("state").GetString(), resent.GetProperty("attempts").GetInt32()));
        await UntilDeliveredAsync(id, 2);
        Assert.Single(_receiver.Requests.Select(request => (request.Headers["webhook-id"], request.Text)).Distinct());

        var missing = await _gateway.Rest.SendAsync(HttpMethod.Post, $"/api/v0/batch/{id}/webhooks/msg_{id}_expired/resend");
        missing.Error(404, "NOT_FOUND");
    }

    [Fact]
    public async Task V0_BatchWithoutNotify_HasNoMessages()
    {
        var batch = await _gateway.Rest.SubmitPathsAsync("a");
        await _gateway.Rest.WaitUntilDoneAsync(batch.Id);

        Assert.Equal(
            """{"Webhooks":[],"statusCode":200}""", (await _gateway.Rest.GetAsync($"{batch.Path}/webhooks")).Success().Text);
        Assert.Empty(_receiver.Requests);
    }

    [Theory]
    [InlineData("notify_url=https://elsewhere.example.com/", "notify_url", "Batch:Webhooks:AllowedHosts")]
    [InlineData("notify_url=http://hooks.example.com/", "notify_url", "Batch:Webhooks:AllowedHosts")]
    [InlineData("notify_url=https://me:secret@hooks.example.com/", "notify_url", "user information")]
    [InlineData("notify_url=https://hooks.example.com/%23x", "notify_url", "fragment")]
    [InlineData("notify_url=javascript:alert(1)", "notify_url", "https://")]
    [InlineData("notify_url=file:///etc/passwd", "notify_url", "https://")]
    [InlineData("notify_url=https://169.254.169.254/latest/meta-data", "notify_url", "Batch:Webhooks:AllowedHosts")]
    [InlineData("notify_url=https://[::ffff:127.0.0.1]/", "notify_url", "Batch:Webhooks:AllowedHosts")]
    [InlineData("notify_url=https://hooks.example.com/&notify_events=done,started", "notify_events[1]", "failed_first")]
    [InlineData("notify_events=done", "notify_url", "is required")]
    public async Task V0_BadNotify_IsRefusedAndNamesTheParameter(string query, string field, string expected)
    {
        var reply = (await _gateway.Rest.PostAsync("""[{"path": "a"}, {"path": "//x"}]""", $"/api/v0/batch?{query}"))
            .Error(400, "INVALID_ARGUMENT");

        var errors = reply.Json.GetProperty("errors").EnumerateArray().ToDictionary(
            error => error.GetProperty("field").GetString()!, error => error.GetProperty("message").GetString()!);
        Assert.Equal(2, errors.Count);
        Assert.Contains(expected, errors[field], StringComparison.Ordinal);
        Assert.Contains("[1].path", errors.Keys);
        await _gateway.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task V1_BatchWithNotify_IsShownSentListedAndResent()
    {
        var created = (await PostV1Async(
            "/api/v1/batches", $$"""{"requests": [{"path": "a"}], "notify": {"url": "{{Url}}"} }""")).Json.GetProperty("batch");
        var id = created.GetProperty("id").GetString()!;
        Assert.Equal($$"""{"url":"{{Url}}","events":["done"]}""", Compact(created.GetProperty("notify")));
        await UntilDeliveredAsync(id, 1);

        var list = (await _gateway.Rest.GetAsync($"/api/v1/batches/{id}/webhooks")).Json.GetProperty("messages");
        var message = Assert.Single(list.EnumerateArray());
        Assert.Equal("WEBHOOK_STATE_DELIVERED", message.GetProperty("state").GetString());
        (await PostV1Async($"/api/v1/batches/{id}/webhooks/msg_{id}_done:resend", "{}")).Success();
        await UntilDeliveredAsync(id, 2);
        var secret = (await _gateway.Rest.GetAsync("/api/v1/batches:webhookSecret")).Json.GetProperty("secret").GetString();
        Assert.Equal(
            secret, (await _gateway.Rest.GetAsync("/api/v0/batch/webhook-secret")).Success().Json.GetProperty("secret").GetString());
    }

    [Fact]
    public async Task Grpc_UploadWithNotify_IsTakenFromTheFirstMessageOnly()
    {
        using var upload = _gateway.Grpc.UploadBatch();
        await upload.RequestStream.WriteAsync(
            new UploadBatchRequest { Requests = { new Request { Path = "a" } }, Notify = new Notify { Url = Url } });
        await upload.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "b" } } });
        await upload.RequestStream.CompleteAsync();
        var batch = (await upload).Batch;
        Assert.Equal((Url, "done"), (batch.Notify.Url, Assert.Single(batch.Notify.Events)));
        await UntilDeliveredAsync(batch.Id, 1);
        var list = await Client.ListWebhookMessagesAsync(new ListWebhookMessagesRequest { BatchId = batch.Id });
        Assert.Equal(WebhookState.Delivered, Assert.Single(list.Messages).State);

        using var late = _gateway.Grpc.UploadBatch();
        await late.RequestStream.WriteAsync(new UploadBatchRequest { Requests = { new Request { Path = "a" } } });
        await late.RequestStream.WriteAsync(new UploadBatchRequest { Notify = new Notify { Url = Url } });
        await late.RequestStream.CompleteAsync();
        Assert.Null((await late).Batch.Notify);
    }

    [Fact]
    public async Task Grpc_BadNotify_NamesTheField()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await _gateway.Grpc.CreateBatchAsync(new CreateBatchRequest
        {
            Requests = { new Request { Path = "a" } },
            Notify = new Notify { Url = "https://me@hooks.example.com/" },
        }));

        Assert.Equal("notify.url must not have user information.", refused.Status.Detail);
    }

    [Fact]
    public async Task Secret_OfAnotherOwner_IsAnotherAndSoIsTheBatch()
    {
        using var other = _gateway.RestAs("Bearer other");
        const string path = "/api/v0/batch/webhook-secret";
        Assert.NotEqual((await _gateway.Rest.GetAsync(path)).Success().Text, (await other.GetAsync(path)).Success().Text);

        var id = (await _gateway.Rest.PostAsync("""[{"path": "a"}]""", $"/api/v0/batch?notify_url={Uri.EscapeDataString(Url)}"))
            .Success().Batch.GetProperty("id").GetString()!;
        await UntilDeliveredAsync(id, 1);
        (await other.GetAsync($"/api/v0/batch/{id}/webhooks")).Error(404, "NOT_FOUND");
        (await other.SendAsync(HttpMethod.Post, $"/api/v0/batch/{id}/webhooks/msg_{id}_done/resend")).Error(404, "NOT_FOUND");
        Assert.Single(_receiver.Requests);
    }

    [Fact]
    public async Task Submit_WhereNoHostIsAllowed_IsRefusedAndNamesTheKey()
    {
        await using var gateway = await Gateway.StartAsync(_api);

        var reply = await gateway.Rest.PostAsync("""[{"path": "a"}]""", $"/api/v0/batch?notify_url={Uri.EscapeDataString(Url)}");
        Assert.Contains(
            "Batch:Webhooks:AllowedHosts",
            reply.Error(400, "INVALID_ARGUMENT").Json.GetProperty("message").GetString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AllowedHosts:0", "*")]
    [InlineData("AllowedHosts:0", "https://hooks.example.com/path")]
    [InlineData("Secret", "password-of-somebody")]
    public async Task Start_BadSetting_FailsWithAMessageThatNamesTheKey(string key, string value)
    {
        var exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Gateway.StartAsync(_api, $"--Batch:Webhooks:{key}={value}"));

        var message = StartFailure.From(exception).Message;
        Assert.Contains($"Batch:Webhooks:{key.Split(':')[0]}", message, StringComparison.Ordinal);
        Assert.DoesNotContain("password-of-somebody", message, StringComparison.Ordinal);
    }

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    private Task<RestReply> PostV1Async(string path, string json) => _gateway.Rest.SendAsync(
        HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"));

    private async Task<JsonElement> UntilDeliveredAsync(string id, int received)
    {
        JsonElement found = default;
        await Eventually.BeTrueAsync(
            async () =>
            {
                var list = (await _gateway.Rest.GetAsync($"/api/v0/batch/{id}/webhooks")).Success().Json.GetProperty("Webhooks");
                found = list.EnumerateArray().FirstOrDefault();
                return found.ValueKind == JsonValueKind.Object && found.GetProperty("state").GetString() == "DELIVERED"
                    && _receiver.Requests.Count >= received;
            },
            string.Create(CultureInfo.InvariantCulture, $"message {received} of batch {id}"));
        return found;
    }
}
