using Batching.Engine.Model;

namespace Batching.Engine.Webhooks;

/// <summary>The messages in memory of one owner to one receiver. Used under the lock of <see cref="SendingLanes"/>.</summary>
internal sealed class SendingLane
{
    /// <summary>Messages to be sent, in order.</summary>
    public Queue<WebhookMessage> Waiting { get; } = new();

    /// <summary>Messages that are here: those that wait, and those whose attempt is not noted yet.</summary>
    public int Held { get; set; }

    /// <summary>Messages under way.</summary>
    public int UnderWay { get; set; }

    /// <summary>Whether the lane stands in the line of those that have something to send.</summary>
    public bool IsInLine { get; set; }
}
