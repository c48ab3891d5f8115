using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Webhooks;

/// <summary>
/// The ids of messages: made of the batch and the event, so that a receiver knows a message again whatever the gateway has been
/// through. Without a dot, which separates what is signed.
/// </summary>
internal static class MessageIds
{
    /// <summary>The id of a message.</summary>
    public static string OfMessage(this BatchIds ids, WebhookMessage message) =>
        $"msg_{ids.OfBatch(message.BatchKey)}_{BatchEventNames.NameOf(message.Event)}";
}
