namespace Batching.CrashTests.Plan;

/// <summary>What a kill follows.</summary>
internal enum KillMoment
{
    /// <summary>The start of the process, before it is ready.</summary>
    Startup,

    /// <summary>The server listens: it takes up what was left.</summary>
    Listening,

    /// <summary>A batch is being submitted.</summary>
    SubmissionSent,

    /// <summary>A batch was acknowledged.</summary>
    SubmissionAcknowledged,

    /// <summary>A fetch was sent.</summary>
    FetchSent,

    /// <summary>A reply with results, or a record of a stream, was read.</summary>
    ResultsRead,

    /// <summary>The upstream has got a call that may be repeated.</summary>
    SafeCall,

    /// <summary>The upstream has got a call that must not be repeated.</summary>
    UnsafeCall,
}
