using Grpc.Core;

namespace Batching.Client;

/// <summary>The gateway has refused a call, or could not be reached for as long as the client tries.</summary>
public class BatchException : Exception
{
    internal BatchException(
        string message, StatusCode statusCode, IReadOnlyList<BatchProblem> problems, TimeSpan? retryAfter, Exception inner)
        : base(message, inner)
    {
        StatusCode = statusCode;
        Problems = problems;
        RetryAfter = retryAfter;
    }

    /// <summary>
    /// The status of gRPC: <c>InvalidArgument</c> for calls that are wrong, <c>NotFound</c> for a batch that is unknown or somebody
    /// else's, <c>ResourceExhausted</c> for a quota that is used up, <c>Unauthenticated</c>, <c>Unavailable</c>, and others.
    /// </summary>
    public StatusCode StatusCode { get; }

    /// <summary>The fields that are wrong, such as <c>requests[3].path</c>: the first 100, as far as 5 KiB hold them. Else empty.</summary>
    public IReadOnlyList<BatchProblem> Problems { get; }

    /// <summary>The time to wait before another try, if the gateway has said so.</summary>
    public TimeSpan? RetryAfter { get; }
}
