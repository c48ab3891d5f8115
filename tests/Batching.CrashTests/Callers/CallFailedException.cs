namespace Batching.CrashTests.Callers;

/// <summary>A call to the gateway has brought no reply, or an error.</summary>
/// <param name="isNotFound">There is no such batch.</param>
/// <param name="message">What came instead.</param>
/// <param name="innerException">What has happened.</param>
internal sealed class CallFailedException(bool isNotFound, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public bool IsNotFound => isNotFound;
}
