using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

internal static partial class AdaptiveConcurrencyLimiterLog
{
    [LoggerMessage(
        1,
        LogLevel.Information,
        "The upstream {Prefix} gets {Limit} calls at a time instead of {Before}; configured are {Max}.",
        EventName = "LimitChanged")]
    public static partial void LimitChanged(ILogger logger, string prefix, int before, int limit, int max);

    [LoggerMessage(
        2, LogLevel.Information, "The upstream {Prefix} asks to be left alone for {Pause}.", EventName = "Paused")]
    public static partial void Paused(ILogger logger, string prefix, TimeSpan pause);

    [LoggerMessage(
        3,
        LogLevel.Information,
        "The upstream {Prefix} gets {Limit} calls of one owner at a time instead of {Before}; the most are {Max}.",
        EventName = "ShareChanged")]
    public static partial void ShareChanged(ILogger logger, string prefix, int before, int limit, int max);

    [LoggerMessage(
        4,
        LogLevel.Information,
        "The upstream {Prefix} asks one owner to leave it alone for {Pause}.",
        EventName = "OwnerPaused")]
    public static partial void OwnerPaused(ILogger logger, string prefix, TimeSpan pause);
}
