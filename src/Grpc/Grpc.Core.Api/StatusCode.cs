namespace Grpc.Core;

/// <summary>The result of a call, as numbered by the gRPC specification ("Status codes and their use in gRPC").</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    OK = 0,

    /// <summary>The call was cancelled, usually by the caller.</summary>
    Cancelled = 1,

    /// <summary>An error without a better code, for example an exception that a handler did not catch.</summary>
    Unknown = 2,

    /// <summary>The caller's argument is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call was complete; its effects may still happen.</summary>
    DeadlineExceeded = 4,

    /// <summary>A named thing does not exist.</summary>
    NotFound = 5,

    /// <summary>The thing to create exists already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and not allowed to do this.</summary>
    PermissionDenied = 7,

    /// <summary>The caller is not known: credentials are missing or invalid.</summary>
    Unauthenticated = 16,

    /// <summary>A quota, a size limit or the room for data is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the call needs; retrying alone does not help.</summary>
    FailedPrecondition = 9,

    /// <summary>The call was given up, usually because of a concurrency conflict.</summary>
    Aborted = 10,

    /// <summary>Past the valid range, where the range may change with the system's state.</summary>
    OutOfRange = 11,

    /// <summary>The method, or a feature it needs such as a message encoding, is not implemented.</summary>
    Unimplemented = 12,

    /// <summary>A broken invariant, such as a malformed frame.</summary>
    Internal = 13,

    /// <summary>The service can't be reached now; a retry with back-off may succeed.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt beyond repair.</summary>
    DataLoss = 15,
}
