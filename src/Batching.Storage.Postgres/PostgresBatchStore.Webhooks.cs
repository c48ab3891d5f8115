using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.Storage.Postgres.Reading;

namespace Batching.Storage.Postgres;

/// <content>The messages of webhooks.</content>
public sealed partial class PostgresBatchStore : IWebhookStore
{
    /// <inheritdoc />
    public IWebhookStore Webhooks => this;

    private MessageReader Messages => new(Rows);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<WebhookMessage>> ListDueMessagesAsync(
        DateTimeOffset now, WebhookLane after, int perLane, int limit, CancellationToken cancellationToken) =>
        Messages.ListDueAsync(now, after, perLane, limit, cancellationToken);

    /// <inheritdoc />
    public ValueTask<DateTimeOffset?> FindNextMessageTimeAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        Messages.FindNextTimeAsync(after, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<WebhookMessage>> ListMessagesAsync(long batchKey, CancellationToken cancellationToken) =>
        Messages.ListOfBatchAsync(batchKey, cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> CountWaitingMessagesAsync(string? owner, int limit, CancellationToken cancellationToken) =>
        Messages.CountWaitingAsync(owner, limit, cancellationToken);
}
