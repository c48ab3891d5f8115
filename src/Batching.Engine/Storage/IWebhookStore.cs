using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>
/// The part of a store that keeps the messages of webhooks. They come with the change that they tell of
/// (<see cref="StoreWrite.Messages"/>), so that there is a message for what was committed, and for nothing else.
/// </summary>
/// <remarks>Like all of a store: see <see cref="IBatchStore"/>.</remarks>
public interface IWebhookStore
{
    /// <summary>
    /// Lists messages that wait and are due, lane by lane in the order of the lanes, and within a lane in the order of their next
    /// attempts, so that one with very many does not hide the others.
    /// </summary>
    /// <param name="now">The time: those whose next attempt is not later are due.</param>
    /// <param name="after">Only lanes behind this one; <see cref="WebhookLane.First"/> for all.</param>
    /// <param name="perLane">At most so many of a lane.</param>
    /// <param name="limit">At most so many in all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<WebhookMessage>> ListDueMessagesAsync(
        DateTimeOffset now, WebhookLane after, int perLane, int limit, CancellationToken cancellationToken);

    /// <summary>Returns the earliest time of a next attempt behind this time; null if no message waits for one.</summary>
    ValueTask<DateTimeOffset?> FindNextMessageTimeAsync(DateTimeOffset after, CancellationToken cancellationToken);

    /// <summary>Lists the messages of a batch in the order of the events' numbers; none if the batch isn't there.</summary>
    ValueTask<IReadOnlyList<WebhookMessage>> ListMessagesAsync(long batchKey, CancellationToken cancellationToken);

    /// <summary>Counts messages that wait, but no further than to a limit.</summary>
    /// <param name="owner">Whose; null for all.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<int> CountWaitingMessagesAsync(string? owner, int limit, CancellationToken cancellationToken);
}
