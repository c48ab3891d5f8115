namespace Batching.Engine.Model;

/// <summary>
/// The reason why a request has no answer from its API. The numbers are stored: never change or reuse one.
/// </summary>
public enum Failure : byte
{
    /// <summary>The API has answered.</summary>
    None = 0,

    /// <summary>No connection could be made.</summary>
    /// <remarks>Submit it again later. The gateway has tried it up to three times already if the method may be repeated.</remarks>
    UpstreamUnreachable = 1,

    /// <summary>The connection broke before the answer was complete, or the answer was no HTTP.</summary>
    /// <remarks>Submit it again later if it may be repeated. The API may have done what it was asked for.</remarks>
    UpstreamReset = 2,

    /// <summary>The answer is larger than the limit.</summary>
    /// <remarks>Ask for less at once, or let the operator raise <c>Batch:Limits:ResponseBytes</c>.</remarks>
    ResponseTooLarge = 3,

    /// <summary>The deadline of the request has passed.</summary>
    /// <remarks>Submit it again later if it may be repeated. The API may have done what it was asked for.</remarks>
    UpstreamTimeout = 4,

    /// <summary>The caller cancelled the batch.</summary>
    /// <remarks>Submit it again if it is still wanted. What was under way may have reached the API.</remarks>
    Cancelled = 5,

    /// <summary>The gateway stopped while the request was under way, and it is not safe to send it again.</summary>
    /// <remarks>Ask the API whether it was done. With an <c>Idempotency-Key</c> among its headers it would be sent again.</remarks>
    Interrupted = 6,

    /// <summary>The batch expired before the request had finished.</summary>
    /// <remarks>Submit it again in a smaller batch, or let the operator raise <c>Batch:Retention:Responses</c>.</remarks>
    Expired = 7,

    /// <summary>No upstream is configured for the path any more.</summary>
    /// <remarks>Look at the path. The configuration of the gateway has changed.</remarks>
    NoUpstream = 8,

    /// <summary>The caller's credential can't be decrypted any more.</summary>
    /// <remarks>Submit it again with the credential.</remarks>
    CredentialLost = 9,

    /// <summary>A page says in a way that can't be followed where the next one is.</summary>
    /// <remarks>Say in <c>pagination</c> how the pages follow each other: try it with <c>DetectPagination</c>.</remarks>
    BadNextPage = 10,

    /// <summary>A page leads back to one that the query has seen.</summary>
    /// <remarks>Say in <c>pagination</c> how the pages follow each other: try it with <c>DetectPagination</c>.</remarks>
    PageCycle = 11,

    /// <summary>The query has more pages than it may, or than its owner may store.</summary>
    /// <remarks>Go on with a spawner that begins where <c>message</c> says.</remarks>
    PageLimit = 12,

    /// <summary>The API has answered, but the store had no room for its answer.</summary>
    /// <remarks>Submit it again later if it may be repeated. The API has done what it was asked for.</remarks>
    StoreFull = 13,

    /// <summary>A request that it depends on has come to an end that keeps it from running.</summary>
    /// <remarks>Look at the request that the message names. Submit both again once its cause is mended.</remarks>
    DependencyFailed = 14,

    /// <summary>The deadline of the batch has passed before the request had finished.</summary>
    /// <remarks>Submit it again with a later <c>deadline</c>. What was under way may have reached the API.</remarks>
    BatchDeadline = 15,

    /// <summary>A reference of the request is to something that isn't there.</summary>
    /// <remarks>Look at the response that the message names. Submit the request again with a reference to what is there.</remarks>
    ReferenceNotFound = 16,

    /// <summary>The value of a reference can't stand in its place, or the request with its values is more than it may be.</summary>
    /// <remarks>Look at the value and at its place. The gateway changes no value so that it fits.</remarks>
    ReferenceUnusable = 17,
}
