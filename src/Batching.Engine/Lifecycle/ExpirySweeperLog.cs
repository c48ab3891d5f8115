using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

internal static partial class ExpirySweeperLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "Expired batches could not be deleted; trying again.",
        EventName = "SweepFailed")]
    public static partial void SweepFailed(ILogger logger, Exception exception);
}
