namespace Batching.Server.Services;

/// <summary>Logs what operators have changed.</summary>
internal static partial class OperationsRpcLog
{
    [LoggerMessage(1, LogLevel.Information, "An operator has cancelled batch {BatchId}.", EventName = "OperatorCancelled")]
    public static partial void BatchCancelled(ILogger logger, string batchId);
}
