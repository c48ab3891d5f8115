using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>
/// The work of a store that several gateways act for at the same time: what each of them holds of it, and what it has to learn of
/// the others. What a gateway holds it alone runs, until it is dead; then others get it. Opened and closed with its
/// <see cref="IBatchStore"/>, thread-safe, and fails as that does. A gateway that is dead changes nothing here either.
/// </summary>
/// <remarks>
/// A batch is held as a whole by the gateway that has accepted it, unless it is for later; one with
/// <see cref="BatchRecord.IsShared"/> is held by runs of its requests, which are free at first.
/// </remarks>
public interface ISharedWork
{
    /// <summary>
    /// Whether the duties are this gateway's that one of them has for all: it is the oldest of those that live. Once they are, they stay.
    /// As <see cref="PollAsync"/> has last found it.
    /// </summary>
    bool HasDuties { get; }

    /// <summary>Looks at what has changed since the last time. One call at a time.</summary>
    /// <param name="watched">Batches, and how many results of them are known.</param>
    /// <param name="now">The time: what starts later is not open yet.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<SharedChanges> PollAsync(
        IReadOnlyDictionary<long, int> watched, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Takes batches as a whole that nobody holds, those first that were to start first.</summary>
    /// <param name="now">The time: those that start later are left, unless they are cancelled.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting for a connection; what is on its way is taken.</param>
    ValueTask<IReadOnlyList<BatchRecord>> ClaimBatchesAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Takes runs of requests that nobody holds, of each batch the first ones.</summary>
    /// <param name="most">Batches, and how many runs of them at most.</param>
    /// <param name="cancellationToken">Stops waiting for a connection; what is on its way is taken.</param>
    ValueTask<IReadOnlyList<RequestRun>> ClaimRunsAsync(
        IReadOnlyDictionary<long, int> most, CancellationToken cancellationToken);

    /// <summary>Takes drafts that nobody holds and that are not given up.</summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting for a connection; what is on its way is taken.</param>
    ValueTask<IReadOnlyList<BatchDraft>> ClaimDraftsAsync(int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Lists everything that this gateway holds of batches that are not done: it may not know of all of it, where an answer was lost.
    /// </summary>
    ValueTask<(IReadOnlyList<long> Batches, IReadOnlyList<RequestRun> Runs)> ListHeldAsync(CancellationToken cancellationToken);

    /// <summary>Tells the others that an upstream has asked to be left alone, until <see cref="PollAsync"/> says no more that it has.</summary>
    /// <param name="upstream">Its name.</param>
    /// <param name="owner">By whose calls; null for all.</param>
    /// <param name="length">For how long.</param>
    ValueTask PauseAsync(string upstream, string? owner, TimeSpan length);

    /// <summary>
    /// Reserves the first results of a batch that nobody has received or is receiving, at whatever gateway. They are free again when this
    /// gateway is dead.
    /// </summary>
    /// <param name="batchKey">The batch.</param>
    /// <param name="most">At most so many; 0 to reserve none.</param>
    /// <param name="cancellationToken">Stops waiting for a connection.</param>
    ValueTask<SharedDelivery> ReserveResultsAsync(long batchKey, int most, CancellationToken cancellationToken);

    /// <summary>Says what has become of results that were reserved.</summary>
    /// <param name="batchKey">The batch.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="last">The last of them; what was reserved behind it is free again.</param>
    /// <param name="outcome">What has become of them.</param>
    ValueTask SettleResultsAsync(long batchKey, int first, int last, DeliveryOutcome outcome);
}
