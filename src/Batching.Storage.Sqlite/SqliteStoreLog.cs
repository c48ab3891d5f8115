using Microsoft.Extensions.Logging;

namespace Batching.Storage.Sqlite;

internal static partial class SqliteStoreLog
{
    [LoggerMessage(
        1,
        LogLevel.Information,
        "Opened the store {Path}: schema {Version}, {Size} bytes.",
        EventName = "StoreOpened")]
    public static partial void StoreOpened(ILogger logger, string path, int version, long size);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Brought the store's schema from version {From} to {To}.",
        EventName = "StoreMigrated")]
    public static partial void StoreMigrated(ILogger logger, int from, int to);

    [LoggerMessage(
        3,
        LogLevel.Error,
        "The store {Path} can't be written ({Fault}). Nothing is accepted or finished until it can.",
        EventName = "StoreWriteFailed")]
    public static partial void StoreWriteFailed(ILogger logger, string path, string fault, Exception exception);

    [LoggerMessage(
        4,
        LogLevel.Information,
        "The store can be written again.",
        EventName = "StoreWriteRecovered")]
    public static partial void StoreWriteRecovered(ILogger logger);

    [LoggerMessage(
        5,
        LogLevel.Warning,
        "A read from the store {Path} failed ({Fault}).",
        EventName = "StoreReadFailed")]
    public static partial void StoreReadFailed(ILogger logger, string path, string fault, Exception exception);

    [LoggerMessage(
        7,
        LogLevel.Warning,
        "The store {Path} is a copy. What was accepted after it was made is not in it; new ids begin beyond those that were given out since.",
        EventName = "StoreIsCopy")]
    public static partial void StoreIsCopy(ILogger logger, string path);

    [LoggerMessage(
        6,
        LogLevel.Warning,
        "Could not free space in the store yet ({Fault}); it is tried again.",
        EventName = "StoreSweepFailed")]
    public static partial void StoreSweepFailed(ILogger logger, string fault, Exception exception);
}
