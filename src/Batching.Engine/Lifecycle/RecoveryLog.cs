using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

internal static partial class RecoveryLog
{
    [LoggerMessage(1, LogLevel.Information, "Took up {Count} unfinished batches.", EventName = "Recovered")]
    public static partial void Recovered(ILogger logger, int count);

    [LoggerMessage(
        2,
        LogLevel.Error,
        "The credential of a batch is not one that can be sent: it was given for another Batch:Identity:Mode, or its key is not in the data directory any more. Its requests end as CREDENTIAL_LOST.",
        EventName = "CredentialLost")]
    public static partial void CredentialLost(ILogger logger);

    [LoggerMessage(
        3,
        LogLevel.Error,
        "Unfinished batches could not be read from the store; trying again.",
        EventName = "ReadFailed")]
    public static partial void ReadFailed(ILogger logger, Exception exception);
}
