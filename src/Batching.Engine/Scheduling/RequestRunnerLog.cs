using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

internal static partial class RequestRunnerLog
{
    [LoggerMessage(1, LogLevel.Error, "A call ended in an unexpected way.", EventName = "CallFailed")]
    public static partial void CallFailed(ILogger logger, Exception exception);
}
