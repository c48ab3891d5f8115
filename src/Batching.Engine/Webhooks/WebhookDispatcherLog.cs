using Microsoft.Extensions.Logging;

namespace Batching.Engine.Webhooks;

// Hosts only: a path or a query may be a secret of the owner.
internal static partial class WebhookDispatcherLog
{
    [LoggerMessage(
        1,
        LogLevel.Error,
        "Messages of webhooks could not be read from the store; trying again.",
        EventName = "ReadFailed")]
    public static partial void ReadFailed(ILogger logger, Exception exception);

    [LoggerMessage(
        2,
        LogLevel.Debug,
        "The message of the event {Event} was delivered to {Host} by attempt {Attempt}.",
        EventName = "Delivered")]
    public static partial void Delivered(ILogger logger, string @event, string host, int attempt);

    [LoggerMessage(
        3,
        LogLevel.Information,
        "Attempt {Attempt} to deliver the message of the event {Event} to {Host} has failed: {Reason} The next one is made at {Next}.",
        EventName = "AttemptFailed")]
    public static partial void AttemptFailed(
        ILogger logger, string @event, string host, int attempt, string? reason, DateTimeOffset next);

    [LoggerMessage(
        5,
        LogLevel.Error,
        "An attempt to deliver a message to {Host} has failed in a way that nobody expected.",
        EventName = "AttemptBroke")]
    public static partial void AttemptBroke(ILogger logger, string host, Exception exception);

    [LoggerMessage(
        4,
        LogLevel.Warning,
        "The message of the event {Event} to {Host} was given up after attempt {Attempt}: {Reason}",
        EventName = "GivenUp")]
    public static partial void GivenUp(ILogger logger, string @event, string host, int attempt, string? reason);
}
