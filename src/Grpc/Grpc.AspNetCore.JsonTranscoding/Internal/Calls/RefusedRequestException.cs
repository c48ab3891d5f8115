namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// A request refused before its content was looked at: too large, or of a type or encoding not read here.
/// </summary>
internal sealed class RefusedRequestException(CallError error) : Exception(error.Status.Message)
{
    public CallError Error { get; } = error;
}
