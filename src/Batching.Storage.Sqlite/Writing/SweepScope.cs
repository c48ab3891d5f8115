namespace Batching.Storage.Sqlite.Writing;

/// <summary>What of a batch is to be deleted; each includes those before it. The numbers are stored.</summary>
internal enum SweepScope
{
    /// <summary>Which requests were started.</summary>
    Starts = 1,

    /// <summary>The payloads of the results, too.</summary>
    Payloads = 2,

    /// <summary>Whatever there is.</summary>
    Everything = 3,
}
