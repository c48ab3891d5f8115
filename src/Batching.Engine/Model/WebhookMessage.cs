namespace Batching.Engine.Model;

/// <summary>
/// A message that tells the owner of a batch of an event. It has all that is needed to send it, so that it can outlive its
/// batch. Immutable.
/// </summary>
public sealed record WebhookMessage
{
    /// <summary>The number of the batch. There is one message for each event of it.</summary>
    public required long BatchKey { get; init; }

    /// <summary>The event: one of them.</summary>
    public required BatchEvents Event { get; init; }

    /// <summary>The owner of the batch.</summary>
    public required string Owner { get; init; }

    /// <summary>Host and port of the URL: messages to the same receiver have the same.</summary>
    public required string Host { get; init; }

    /// <summary>The URL to which it is sent.</summary>
    public required string Url { get; init; }

    /// <summary>The body, the same in every attempt.</summary>
    public required byte[] Body { get; init; }

    /// <summary>The time at which the event happened, in whole milliseconds.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The state of the message.</summary>
    public WebhookState State { get; init; } = WebhookState.Waiting;

    /// <summary>The number of attempts that were made.</summary>
    public int Attempts { get; init; }

    /// <summary>The last attempt; null before the first.</summary>
    public WebhookAttempt? LastAttempt { get; init; }

    /// <summary>The time of the next attempt, of meaning while it waits. In whole milliseconds.</summary>
    public required DateTimeOffset NextTime { get; init; }

    /// <summary>The time after which no attempt follows one that has failed. In whole milliseconds.</summary>
    public required DateTimeOffset EndTime { get; init; }
}
