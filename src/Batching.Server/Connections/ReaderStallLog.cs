namespace Batching.Server.Connections;

internal static partial class ReaderStallLog
{
    [LoggerMessage(
        1,
        LogLevel.Information,
        "A reader of {Path} took nothing for {Stall} and was cut off. What it has not received is handed out again.",
        EventName = "ReaderStalled")]
    public static partial void ReaderStalled(ILogger logger, string path, TimeSpan stall);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "A reader of {Path} took less than {Rate} bytes a second and was cut off. What it has not received is handed out again.",
        EventName = "ReaderTooSlow")]
    public static partial void ReaderTooSlow(ILogger logger, string path, int rate);
}
