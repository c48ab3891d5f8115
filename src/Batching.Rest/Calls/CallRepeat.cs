namespace Batching.Rest.Calls;

/// <summary>Whether the call that got an error makes sense again.</summary>
internal enum CallRepeat
{
    /// <summary>No: the same call gets the same error.</summary>
    No,

    /// <summary>Yes, at once: nothing was changed.</summary>
    Yes,

    /// <summary>Yes, after the time that <c>RetryInfo</c> and <c>Retry-After</c> name. Nothing was changed.</summary>
    AfterRetryInfo,

    /// <summary>A call that only reads can be made again. One that changes something may have done so.</summary>
    IfReading,
}
