namespace Batching.Engine.Model;

/// <summary>
/// The reason why a request has no answer from its API. The numbers are stored: never change or reuse one.
/// </summary>
public enum Failure : byte
{
    /// <summary>The API has answered.</summary>
    None = 0,

    /// <summary>No connection could be made.</summary>
    UpstreamUnreachable = 1,

    /// <summary>The connection broke before the answer was complete, or the answer was no HTTP.</summary>
    UpstreamReset = 2,

    /// <summary>The answer is larger than the limit.</summary>
    ResponseTooLarge = 3,

    /// <summary>The deadline of the request has passed.</summary>
    UpstreamTimeout = 4,

    /// <summary>The caller cancelled the batch.</summary>
    Cancelled = 5,

    /// <summary>The gateway stopped while the request was under way, and it is not safe to send it again.</summary>
    Interrupted = 6,

    /// <summary>The batch expired before the request had finished.</summary>
    Expired = 7,

    /// <summary>No upstream is configured for the path any more.</summary>
    NoUpstream = 8,

    /// <summary>The caller's credential can't be decrypted any more.</summary>
    CredentialLost = 9,

    /// <summary>A page says in a way that can't be followed where the next one is.</summary>
    BadNextPage = 10,

    /// <summary>A page leads back to one that the query has seen.</summary>
    PageCycle = 11,

    /// <summary>The query has more pages than it may, or than its owner may store.</summary>
    PageLimit = 12,

    /// <summary>The API has answered, but the store had no room for its answer.</summary>
    StoreFull = 13,

    /// <summary>A request that it depends on has come to an end that keeps it from running.</summary>
    DependencyFailed = 14,

    /// <summary>The deadline of the batch has passed before the request had finished.</summary>
    BatchDeadline = 15,
}
