using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

internal static partial class RequestLoaderLog
{
    [LoggerMessage(
        1,
        LogLevel.Error,
        "Waiting requests could not be read from the store; trying again.",
        EventName = "ReadFailed")]
    public static partial void ReadFailed(ILogger logger, Exception exception);
}
