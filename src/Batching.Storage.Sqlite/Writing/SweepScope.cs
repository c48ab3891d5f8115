namespace Batching.Storage.Sqlite.Writing;

/// <summary>The part of a batch that is to be deleted; each includes those before it. The numbers are stored.</summary>
internal enum SweepScope
{
    /// <summary>The marks of requests that were started.</summary>
    Starts = 1,

    /// <summary>The payloads of the results, too.</summary>
    Payloads = 2,

    /// <summary>Whatever there is.</summary>
    Everything = 3,
}
