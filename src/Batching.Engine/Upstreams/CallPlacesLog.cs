using Microsoft.Extensions.Logging;

namespace Batching.Engine.Upstreams;

internal static partial class CallPlacesLog
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
}
