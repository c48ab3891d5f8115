namespace Batching.CrashTests.History;

/// <summary>Calls that bring results.</summary>
internal enum ReplyForm
{
    /// <summary>A page of what nobody has received yet: the parallel flow.</summary>
    Fetch,

    /// <summary>A page of what is behind a position.</summary>
    FetchAfter,

    /// <summary>A stream.</summary>
    Stream,
}
