using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Storage.Sqlite;

/// <content>The messages of webhooks.</content>
public sealed partial class SqliteBatchStore : IWebhookStore
{
    /// <inheritdoc />
    public IWebhookStore Webhooks => this;

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<WebhookMessage>> ListDueMessagesAsync(
        DateTimeOffset now, WebhookLane after, int perLane, int limit, CancellationToken cancellationToken) =>
        Read(
            (now, after, perLane, limit),
            static (session, x) => session.Messages.ListDue(x.now, x.after, x.perLane, x.limit),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<DateTimeOffset?> FindNextMessageTimeAsync(DateTimeOffset after, CancellationToken cancellationToken) =>
        Read(after, static (session, after) => session.Messages.FindNextTime(after), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<WebhookMessage>> ListMessagesAsync(long batchKey, CancellationToken cancellationToken) =>
        Read(batchKey, static (session, key) => session.Messages.ListOfBatch(key), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> CountWaitingMessagesAsync(string? owner, int limit, CancellationToken cancellationToken) =>
        Read((owner, limit), static (session, x) => session.Messages.CountWaiting(x.owner, x.limit), cancellationToken);
}
