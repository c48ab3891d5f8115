using Microsoft.Extensions.Logging;

namespace Batching.Engine.Keyed;

internal static partial class KeyedBatchRunnerLog
{
    [LoggerMessage(1, LogLevel.Error, "A call of a keyed batch ended in an unexpected way.", EventName = "CallFailed")]
    public static partial void CallFailed(ILogger logger, Exception exception);

    [LoggerMessage(
        2, LogLevel.Warning, "A keyed batch of {Count} calls was not done within {Timeout}.", EventName = "BatchTimedOut")]
    public static partial void BatchTimedOut(ILogger logger, int count, TimeSpan timeout);
}
