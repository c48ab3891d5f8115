namespace Batching.CrashTests.Checking;

/// <summary>The promises that are checked.</summary>
internal enum ViolationKind
{
    /// <summary>A batch was acknowledged and is gone, though nobody has deleted it.</summary>
    LostBatch,

    /// <summary>A request of a batch has no result in the end, or is not in the batch any more.</summary>
    LostRequest,

    /// <summary>A request has more than one result.</summary>
    TwoResults,

    /// <summary>A deletion was acknowledged and the batch is still there.</summary>
    NotDeleted,

    /// <summary>A result is not what the upstream has answered.</summary>
    WrongBytes,

    /// <summary>The gateway answered in the upstream's place without a reason that can be seen.</summary>
    UnexplainedError,

    /// <summary>A result is INTERRUPTED though its request could have been sent again, or no server was killed.</summary>
    InterruptedNeedlessly,

    /// <summary>A request that must not be repeated was.</summary>
    UnsafeCallTwice,

    /// <summary>A request was sent with another Idempotency-Key than the caller's.</summary>
    KeyChanged,

    /// <summary>A request was sent with another method, body or credential than the caller's.</summary>
    WrongCall,

    /// <summary>A request was sent before the result of another one that it depends on was stored.</summary>
    SentTooEarly,

    /// <summary>Positions are not 1, 2, 3 …</summary>
    PositionGap,

    /// <summary>A position has had different results.</summary>
    ResultChanged,

    /// <summary>A result counts as received, and no complete reply carried it.</summary>
    LostDelivery,

    /// <summary>Two complete replies of one server's parallel flow carried the same result.</summary>
    DeliveredTwice,

    /// <summary>A page of more than one result carries more than 2 MiB of bodies.</summary>
    PageTooLarge,

    /// <summary>Nothing was running any more, and then something was.</summary>
    RunningZeroEarly,

    /// <summary>A counter that can only grow has shrunk.</summary>
    CounterWentBack,

    /// <summary>A page of a spawner's query is missing.</summary>
    PageMissing,

    /// <summary>A page of a spawner's query was spawned more than once.</summary>
    PageTwice,

    /// <summary>An owner saw a batch of another one.</summary>
    ForeignView,

    /// <summary>A credential stands in a file.</summary>
    CredentialOnDisk,

    /// <summary>A batch that is done still has its credential, if encrypted.</summary>
    CredentialKept,

    /// <summary>Others than the service may read a file of its data directory.</summary>
    OpenFile,

    /// <summary>Something has happened to a batch, and its owner was not told.</summary>
    NotTold,

    /// <summary>An owner was told what has not happened, or what he does not want to know.</summary>
    ToldWrongly,

    /// <summary>A server that was alive failed or refused something, logged an error, or did not finish.</summary>
    Surprise,
}
