using System.Buffers;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Committing;

/// <summary>
/// Makes the messages that tell an owner what has happened to a batch, for the change that makes it happen. Thread-safe.
/// </summary>
internal sealed class EventMessages(BatchIds ids, IOptions<BatchEngineOptions> options, TimeProvider time)
{
    private readonly TimeSpan _retryFor = options.Value.Webhooks.RetryFor;

    /// <summary>The messages of a change that makes one state of a batch another one, if its owner wants to be told.</summary>
    /// <param name="before">The batch as it is stored.</param>
    /// <param name="after">The batch as it will be.</param>
    /// <param name="firstFailed">The index of the first request among those that have failed; null if none has.</param>
    public IReadOnlyList<WebhookMessage> Of(BatchRecord before, BatchRecord after, int? firstFailed = null)
    {
        if (after.Notify is not { } target)
        {
            return [];
        }

        var events = (before.DoneTime is null && after.DoneTime is not null ? BatchEvents.Done : BatchEvents.None)
            | (before.Failed == 0 && after.Failed > 0 ? BatchEvents.FailedFirst : BatchEvents.None)
            | (!before.Expired && after.Expired ? BatchEvents.Expired : BatchEvents.None);
        return (events & target.Events) == BatchEvents.None
            ? []
            : [.. BatchEventNames.All.Where(one => (events & target.Events).HasFlag(one))
                .Select(one => Create(one, target, after, firstFailed))];
    }

    private WebhookMessage Create(BatchEvents one, WebhookTarget target, BatchRecord batch, int? firstFailed)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        return new WebhookMessage
        {
            BatchKey = batch.Key,
            Event = one,
            Owner = batch.Owner,
            Host = new Uri(target.Url).Authority,
            Url = target.Url,
            Body = Write(one, batch, now, one == BatchEvents.FailedFirst ? firstFailed : null),
            CreateTime = now,
            NextTime = now,
            EndTime = now + _retryFor,
        };
    }

    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
    private byte[] Write(BatchEvents one, BatchRecord batch, DateTimeOffset now, int? request)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("type"u8, $"batch.{BatchEventNames.NameOf(one)}");
        json.WriteString("timestamp"u8, now.UtcDateTime);
        json.WriteStartObject("data"u8);
        json.WriteString("batch_id"u8, ids.OfBatch(batch.Key));
        if (request is { } index)
        {
            json.WriteString("request_id"u8, ids.OfRequest(batch, index));
        }

        json.WriteNumber("total_requests"u8, batch.Total);
        json.WriteNumber("running_requests"u8, batch.Running);
        json.WriteNumber("failed_requests"u8, batch.Failed);
        json.WriteNumber("response_size"u8, batch.ResponseSize);
        json.WriteString("create_time"u8, batch.CreateTime.UtcDateTime);
        if (batch.DoneTime is { } done)
        {
            json.WriteString("done_time"u8, done.UtcDateTime);
        }

        json.WriteString("expire_time"u8, batch.ExpireTime.UtcDateTime);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
