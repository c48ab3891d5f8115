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

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Another gateway holds the store. This one stands by, and takes over when it can.",
        EventName = "StandingBy")]
    public static partial void StandingBy(ILogger logger);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "The store can't be asked whether it is free; trying again.",
        EventName = "StandByFailed")]
    public static partial void StandByFailed(ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Information, "This gateway holds the store now, and serves.", EventName = "TookOver")]
    public static partial void TookOver(ILogger logger);

    [LoggerMessage(
        5,
        LogLevel.Critical,
        "Another gateway has taken over the store, because this one has not renewed its lease in time. What this one holds is dropped; it ends, to be started again as a standby.",
        EventName = "StoreLost")]
    public static partial void StoreLost(ILogger logger);
}
