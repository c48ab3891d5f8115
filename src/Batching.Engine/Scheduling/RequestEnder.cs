using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;

namespace Batching.Engine.Scheduling;

/// <summary>Ends requests that are not sent, and what is open. Thread-safe.</summary>
internal sealed class RequestEnder(GroupCommitter committer, TimeProvider time)
{
    /// <summary>Ends a request that the caller has claimed.</summary>
    /// <param name="batch">Its batch.</param>
    /// <param name="index">Its index.</param>
    /// <param name="reason">Why, which is its result.</param>
    /// <param name="message">More about it; null for the message that belongs to the reason.</param>
    public ValueTask EndAsync(ActiveBatch batch, int index, Failure reason, string? message = null) => committer.AddAsync(
        new FinishedRequest(
            batch,
            index,
            message is null ? UpstreamReply.FromFailure(reason) : UpstreamReply.FromFailure(reason, message),
            time.GetUtcNow()));

    /// <summary>Seals a batch that was stopped. If the store fails, the sweep does it.</summary>
    public async Task SealAsync(ActiveBatch batch)
    {
        try
        {
            await committer.AppendAsync(new PendingAppend(batch) { Seals = true });
        }
        catch (StoreUnavailableException)
        {
        }
    }
}
