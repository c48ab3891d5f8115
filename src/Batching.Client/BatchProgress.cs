using Batching.V1;

namespace Batching.Client;

/// <summary>The progress of a batch.</summary>
/// <param name="State">Where it is in its life.</param>
/// <param name="Total">All its requests, spawned ones included. Grows while a spawner runs.</param>
/// <param name="Running">Requests without a result.</param>
/// <param name="Failed">Results whose status is 400 or above, or that the gateway had to answer itself.</param>
/// <param name="Read">Position up to which the results have been read here. 0 if they are not read.</param>
public readonly record struct BatchProgress(BatchState State, long Total, long Running, long Failed, long Read)
{
    /// <summary>Requests with a result.</summary>
    public long Done => Total - Running;

    internal static BatchProgress Of(Batch batch, long read) =>
        new(batch.State, batch.TotalRequests, batch.RunningRequests, batch.FailedRequests, read);
}
