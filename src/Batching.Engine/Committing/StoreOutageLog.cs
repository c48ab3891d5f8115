using Microsoft.Extensions.Logging;

namespace Batching.Engine.Committing;

internal static partial class StoreOutageLog
{
    [LoggerMessage(
        1,
        LogLevel.Error,
        "The store refused a group of {Count} changes. Results are kept and tried again; submissions are refused until it works.",
        EventName = "CommitFailed")]
    public static partial void CommitFailed(ILogger logger, int count, Exception exception);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "The store has no room for results of {Bytes} bytes, and won't have any while their batches live: the requests end as STORE_FULL.",
        EventName = "ResultsEnded")]
    public static partial void ResultsEnded(ILogger logger, long bytes);

    [LoggerMessage(2, LogLevel.Information, "The store takes changes again.", EventName = "CommitRecovered")]
    public static partial void CommitRecovered(ILogger logger);
}
