using Microsoft.Extensions.Logging;

namespace Batching.Engine.Hosting;

internal static partial class BatchEngineHostLog
{
    [LoggerMessage(
        1,
        LogLevel.Critical,
        "A part of the engine has failed; the gateway stops.",
        EventName = "BackgroundFailed")]
    public static partial void BackgroundFailed(ILogger logger, Exception exception);
}
