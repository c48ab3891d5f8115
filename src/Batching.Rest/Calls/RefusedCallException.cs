using Batching.Engine.Model;

namespace Batching.Rest.Calls;

/// <summary>Ends a REST call before it has reached the engine: its caller is told why, and nothing is logged.</summary>
internal sealed class RefusedCallException(CallError error) : Exception(error.Status.Message)
{
    /// <summary>One field can't be read.</summary>
    /// <param name="field">Its path: <c>requests[3].path</c>.</param>
    /// <param name="message">What is wrong with it, as a sentence without its subject.</param>
    public RefusedCallException(string field, string message)
        : this(CallError.FromFields(new Problem(field, message)))
    {
    }

    /// <summary>The error that the caller is told.</summary>
    public CallError Error { get; } = error;
}
