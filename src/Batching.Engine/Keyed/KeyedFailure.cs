using Batching.Engine.Model;
using Google.Rpc;

namespace Batching.Engine.Keyed;

/// <summary>The reason why a call of a keyed batch has no answer, where that is the batch's fault and not the call's.</summary>
/// <param name="Reason">The reason as it stands in <c>google.rpc.ErrorInfo</c>; v2 has it in lower case.</param>
/// <param name="StatusCode">The status code that the gateway answers in the API's place.</param>
/// <param name="Code">The code in the <c>google.rpc.Status</c> of the reply.</param>
public sealed record KeyedFailure(string Reason, int StatusCode, Code Code)
{
    /// <summary>The time of the batch was over.</summary>
    public static KeyedFailure BatchTimeout { get; } = new("BATCH_TIMEOUT", 504, Code.DeadlineExceeded);

    /// <summary>No room was left for the response.</summary>
    public static KeyedFailure ReplyTooLarge { get; } = new("REPLY_TOO_LARGE", 502, Code.ResourceExhausted);

    /// <summary>A call that this one depends on has failed.</summary>
    public static KeyedFailure DependencyFailed { get; } = new(
        Failure.DependencyFailed.Reason(), Failure.DependencyFailed.StatusCode(), Failure.DependencyFailed.Code());

    /// <summary>All of them.</summary>
    public static IReadOnlyList<KeyedFailure> All { get; } = [BatchTimeout, ReplyTooLarge, DependencyFailed];
}
