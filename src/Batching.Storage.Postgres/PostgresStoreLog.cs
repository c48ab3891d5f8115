using Microsoft.Extensions.Logging;

namespace Batching.Storage.Postgres;

internal static partial class PostgresStoreLog
{
    [LoggerMessage(
        1,
        LogLevel.Information,
        "Holds the PostgreSQL store {Database} as gateway {GatewayId}: schema {Version}, a lease of {Lease}.",
        EventName = "StoreHeld")]
    public static partial void StoreHeld(ILogger logger, string database, long gatewayId, int version, TimeSpan lease);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Brought the store's schema from version {From} to {To}.",
        EventName = "StoreMigrated")]
    public static partial void StoreMigrated(ILogger logger, int from, int to);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "Took over from gateway {GatewayId} at {Host}, whose lease is over.",
        EventName = "StoreTakenOver")]
    public static partial void StoreTakenOver(ILogger logger, long gatewayId, string host);

    [LoggerMessage(
        4,
        LogLevel.Error,
        "The store can't be written ({Fault}). Nothing is accepted or finished until it can.",
        EventName = "StoreWriteFailed")]
    public static partial void StoreWriteFailed(ILogger logger, string fault, Exception exception);

    [LoggerMessage(5, LogLevel.Information, "The store can be written again.", EventName = "StoreWriteRecovered")]
    public static partial void StoreWriteRecovered(ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "A read from the store failed ({Fault}).", EventName = "StoreReadFailed")]
    public static partial void StoreReadFailed(ILogger logger, string fault, Exception exception);

    [LoggerMessage(
        7,
        LogLevel.Warning,
        "The connection was lost before the answer to a commit. Nothing is accepted until the database says whether it was made.",
        EventName = "CommitInDoubt")]
    public static partial void CommitInDoubt(ILogger logger, Exception exception);

    [LoggerMessage(8, LogLevel.Information, "The commit in doubt was made: {WasMade}.", EventName = "CommitResolved")]
    public static partial void CommitResolved(ILogger logger, bool wasMade);

    [LoggerMessage(
        9,
        LogLevel.Warning,
        "The lease could not be renewed ({Fault}); trying again.",
        EventName = "LeaseNotRenewed")]
    public static partial void LeaseNotRenewed(ILogger logger, string fault, Exception exception);

    [LoggerMessage(
        10,
        LogLevel.Warning,
        "Could not free space in the store yet ({Fault}); it is tried again.",
        EventName = "StoreSweepFailed")]
    public static partial void StoreSweepFailed(ILogger logger, string fault, Exception exception);

    [LoggerMessage(
        11,
        LogLevel.Warning,
        "The database is a copy. What was accepted after it was made is not in it; new ids begin beyond those that were given out since.",
        EventName = "StoreIsCopy")]
    public static partial void StoreIsCopy(ILogger logger);

    [LoggerMessage(
        13,
        LogLevel.Warning,
        "Could not look for gateways whose lease is over ({Fault}); trying again.",
        EventName = "OthersNotWatched")]
    public static partial void OthersNotWatched(ILogger logger, string fault, Exception exception);

    [LoggerMessage(
        12,
        LogLevel.Warning,
        "The lease could not be given up; another gateway takes over when it has run out.",
        EventName = "LeaseNotReleased")]
    public static partial void LeaseNotReleased(ILogger logger, Exception exception);
}
