using Google.Rpc;

namespace Batching.Engine.Model;

/// <summary>Tells callers about a <see cref="Failure"/>.</summary>
public static class FailureDetails
{
    /// <summary>The status code that the gateway answers in the API's place.</summary>
    public static int StatusCode(this Failure failure) => failure switch
    {
        Failure.None => throw new ArgumentOutOfRangeException(nameof(failure), failure, "The API has answered."),
        Failure.Cancelled => 499,
        Failure.DependencyFailed or Failure.ReferenceNotFound or Failure.ReferenceUnusable => 424,
        Failure.UpstreamTimeout or Failure.Expired or Failure.BatchDeadline => 504,
        _ => 502,
    };

    /// <summary>The code in the <c>google.rpc.Status</c> of the result.</summary>
    public static Code Code(this Failure failure) => failure switch
    {
        Failure.None => throw new ArgumentOutOfRangeException(nameof(failure), failure, "The API has answered."),
        Failure.Cancelled => Google.Rpc.Code.Cancelled,
        Failure.UpstreamTimeout or Failure.Expired or Failure.BatchDeadline => Google.Rpc.Code.DeadlineExceeded,
        Failure.ResponseTooLarge or Failure.PageLimit or Failure.StoreFull => Google.Rpc.Code.ResourceExhausted,
        Failure.Interrupted => Google.Rpc.Code.Aborted,
        Failure.BadNextPage or Failure.PageCycle => Google.Rpc.Code.OutOfRange,
        Failure.NoUpstream or Failure.CredentialLost or Failure.DependencyFailed or Failure.ReferenceNotFound
            or Failure.ReferenceUnusable => Google.Rpc.Code.FailedPrecondition,
        _ => Google.Rpc.Code.Unavailable,
    };

    /// <summary>The reason as it stands in <c>google.rpc.ErrorInfo</c> and in the replies of the v0 paths.</summary>
    public static string Reason(this Failure failure) => failure switch
    {
        Failure.UpstreamUnreachable => "UPSTREAM_UNREACHABLE",
        Failure.UpstreamReset => "UPSTREAM_RESET",
        Failure.ResponseTooLarge => "RESPONSE_TOO_LARGE",
        Failure.UpstreamTimeout => "UPSTREAM_TIMEOUT",
        Failure.Cancelled => "CANCELLED",
        Failure.Interrupted => "INTERRUPTED",
        Failure.Expired => "EXPIRED",
        Failure.NoUpstream => "NO_UPSTREAM",
        Failure.CredentialLost => "CREDENTIAL_LOST",
        Failure.BadNextPage => "BAD_NEXT_PAGE",
        Failure.PageCycle => "PAGE_CYCLE",
        Failure.PageLimit => "PAGE_LIMIT",
        Failure.StoreFull => "STORE_FULL",
        Failure.BatchDeadline => "BATCH_DEADLINE",
        Failure.DependencyFailed => "DEPENDENCY_FAILED",
        Failure.ReferenceNotFound => "REFERENCE_NOT_FOUND",
        Failure.ReferenceUnusable => "REFERENCE_UNUSABLE",
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "Not a failure."),
    };

    /// <summary>A sentence about it, for where the original message is gone with the payload.</summary>
    public static string Message(this Failure failure) => failure switch
    {
        Failure.UpstreamUnreachable => "The API could not be reached.",
        Failure.UpstreamReset => "The connection to the API broke before its answer was complete.",
        Failure.ResponseTooLarge => "The answer of the API is larger than the limit.",
        Failure.UpstreamTimeout => "The API did not answer in time.",
        Failure.Cancelled => "The batch was cancelled.",
        Failure.Interrupted =>
            "The gateway stopped while this request was under way. It may or may not have reached the API, and is not sent "
            + "again because its method is not idempotent and it has no Idempotency-Key.",
        Failure.Expired => "The batch expired before this request had finished.",
        Failure.NoUpstream => "No upstream is configured for this path any more.",
        Failure.CredentialLost =>
            "The credential of this batch can't be decrypted any more, so that the request can't be sent.",
        Failure.BadNextPage => "The page before says in a way that can't be followed where the next one is.",
        Failure.PageCycle => "The page before leads back to a page that this query has seen.",
        Failure.PageLimit => "The query has more pages than it may.",
        Failure.StoreFull => "The API has answered, but the gateway's store had no room for its answer.",
        Failure.BatchDeadline => "The deadline of the batch has passed before this request had finished.",
        Failure.DependencyFailed => "A request that this one depends on has come to an end that keeps it from running.",
        Failure.ReferenceNotFound => "A reference of this request is to something that isn't there.",
        Failure.ReferenceUnusable => "The value of a reference of this request can't stand in its place.",
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "Not a failure."),
    };
}
