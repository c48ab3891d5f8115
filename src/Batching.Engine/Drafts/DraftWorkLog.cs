using Microsoft.Extensions.Logging;

namespace Batching.Engine.Drafts;

internal static partial class DraftWorkLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "The requests of a batch could not be stored yet; it is tried again.",
        EventName = "StoreFailed")]
    public static partial void StoreFailed(ILogger logger, Exception exception);

    [LoggerMessage(
        2,
        LogLevel.Error,
        "The requests of a batch could not be read; it is tried again after the next start.",
        EventName = "Failed")]
    public static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "A batch that was submitted before the start waits for a dialect that is not switched on.",
        EventName = "NoReader")]
    public static partial void NoReader(ILogger logger);
}
