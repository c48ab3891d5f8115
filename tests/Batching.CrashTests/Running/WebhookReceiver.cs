using System.Text.Json;
using Batching.CrashTests.History;
using Batching.Testing;
using Microsoft.AspNetCore.Http;

namespace Batching.CrashTests.Running;

/// <summary>Gets the messages of webhooks, notes each, and refuses one now and then, which has to come again.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private const int RefusesEach = 7;

    private readonly CrashHistory _history;
    private TestApi? _api;
    private int _count;

    private WebhookReceiver(CrashHistory history) => _history = history;

    public string Address => _api!.Address;

    public static async Task<WebhookReceiver> StartAsync(CrashHistory history)
    {
        var receiver = new WebhookReceiver(history);
        receiver._api = await TestApi.StartUnrecordedAsync(receiver.ReceiveAsync);
        return receiver;
    }

    public ValueTask DisposeAsync() => _api!.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var message = await JsonDocument.ParseAsync(context.Request.Body);
        if (Interlocked.Increment(ref _count) % RefusesEach == 0)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var data = message.RootElement.GetProperty("data");
        _history.Add(_history.Told, new Told(
            context.Request.Headers["webhook-id"].ToString(),
            data.GetProperty("batch_id").GetString()!,
            message.RootElement.GetProperty("type").GetString()!,
            data.GetProperty("total_requests").GetInt64(),
            data.GetProperty("running_requests").GetInt64(),
            data.GetProperty("failed_requests").GetInt64()));
    }
}
