using Microsoft.Extensions.Logging;

namespace Batching.Engine.Submission;

internal static partial class UploadLog
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "What is stored of an upload that was not completed could not be deleted yet; it is tried again.",
        EventName = "DeleteFailed")]
    public static partial void DeleteFailed(ILogger logger);
}
