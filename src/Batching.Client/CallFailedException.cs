namespace Batching.Client;

/// <summary>A call of a batch was no success, and its caller had asked for one.</summary>
/// <param name="reply">The outcome of the call.</param>
public sealed class CallFailedException(CallReply reply) : Exception(
    reply.Failure is { } failure
        ? $"The API has not answered: {failure}. {reply.FailureMessage}"
        : $"The API has answered with status {reply.StatusCode}.")
{
    /// <summary>The outcome of the call.</summary>
    public CallReply Reply { get; } = reply;
}
