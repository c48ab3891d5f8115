using Microsoft.Extensions.Logging;

namespace Batching.Engine.Submission;

internal static partial class StagingLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "What is stored of a batch that was not accepted could not be deleted yet; it is tried again.",
        EventName = "DeleteFailed")]
    public static partial void DeleteFailed(ILogger logger);
}
