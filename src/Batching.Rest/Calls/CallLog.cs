using Microsoft.Extensions.Logging;

namespace Batching.Rest.Calls;

internal static partial class CallLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} failed.", EventName = "ServiceFailed")]
    public static partial void ServiceFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(2, LogLevel.Debug, "The client of {Method} went away.", EventName = "ClientGone")]
    public static partial void ClientGone(ILogger logger, string method);
}
