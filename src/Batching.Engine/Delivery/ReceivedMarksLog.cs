using Microsoft.Extensions.Logging;

namespace Batching.Engine.Delivery;

internal static partial class ReceivedMarksLog
{
    [LoggerMessage(1, LogLevel.Warning, "A received mark could not be stored.", EventName = "MarkNotStored")]
    public static partial void MarkNotStored(ILogger logger, Exception exception);
}
