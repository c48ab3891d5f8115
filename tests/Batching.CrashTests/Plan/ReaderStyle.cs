namespace Batching.CrashTests.Plan;

/// <summary>How the results of a batch are read. Whatever the style, in the end the parallel flow is fetched dry.</summary>
internal enum ReaderStyle
{
    /// <summary>Repeated fetches, each for what none before it has brought.</summary>
    Parallel,

    /// <summary>Two readers that do so side by side.</summary>
    ParallelPair,

    /// <summary>Repeated fetches with the position of the last result.</summary>
    After,

    /// <summary>A stream, gone on with behind the last result whenever it breaks; cut by the reader now and then.</summary>
    Stream,

    /// <summary>A stream until it ends or breaks, the rest by repeated fetches.</summary>
    StreamThenParallel,

    /// <summary>Waits until the batch is done, and cuts the connection at the beginning of a large reply.</summary>
    CutReply,

    /// <summary>Reads nothing of its reply until the gateway is dead, then what is left of it.</summary>
    Stalled,
}
