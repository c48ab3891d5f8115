using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>
/// The store of batches, their requests and their results. All members may be called at any time from any
/// thread once <see cref="OpenAsync"/> is done; reads see what was committed before they began.
/// </summary>
/// <remarks>
/// A store that can't be read or written at the moment (a full disk, a lost connection) throws
/// <see cref="StoreUnavailableException"/>; the same call may succeed later.
/// </remarks>
public interface IBatchStore : IAsyncDisposable
{
    /// <summary>
    /// The largest payload of a result that the store has room for while it holds nothing else;
    /// <see cref="long.MaxValue"/> if it can't say.
    /// </summary>
    long MaxPayloadBytes { get; }

    /// <summary>The messages of webhooks in this store.</summary>
    IWebhookStore Webhooks { get; }

    /// <summary>
    /// Opens the store, creates it if it isn't there, and brings its schema up to date. To be called once, before
    /// anything else.
    /// </summary>
    /// <exception cref="StoreUnusableException">
    /// It is corrupt, of a newer schema, or used by somebody who shares it with nobody. Nothing was changed.
    /// </exception>
    ValueTask OpenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Tries to become the one gateway that acts for the store. To be called once it is open, until it succeeds. Before, nothing but
    /// <see cref="GetOrAddSecretAsync"/> may be called.
    /// </summary>
    /// <returns>
    /// False while another gateway holds it. One that nobody else can open, because <see cref="OpenAsync"/> locks it, is held at
    /// once.
    /// </returns>
    /// <exception cref="StoreUnusableException">It is of a newer schema by now.</exception>
    ValueTask<bool> TryAcquireAsync(CancellationToken cancellationToken) => ValueTask.FromResult(true);

    /// <summary>
    /// The hold that this gateway has on the store. When it is lost, <see cref="CommitAsync"/> changes nothing any more, and the
    /// store of this instance can't be acquired again.
    /// </summary>
    StoreHold Hold => StoreHold.Always;

    /// <summary>
    /// The work that several gateways share; null where one gateway alone acts for the store, and holds all of it. It does not change
    /// once the store is acquired.
    /// </summary>
    ISharedWork? Sharing => null;

    /// <summary>
    /// The gateway stops: a call that waits for a store which can't be reached does so no longer, and throws
    /// <see cref="StoreUnavailableException"/>, though its changes may have been made.
    /// </summary>
    void GiveUp()
    {
    }

    /// <summary>
    /// Returns the secret of that name, the same one for all who share the store, and stores
    /// <paramref name="candidate"/> if there is none yet.
    /// </summary>
    ValueTask<byte[]> GetOrAddSecretAsync(string name, byte[] candidate, CancellationToken cancellationToken);

    /// <summary>Reserves consecutive numbers that nobody else gets, now or ever.</summary>
    /// <param name="count">How many, at least 1.</param>
    /// <returns>The first of them; the first of all is 1.</returns>
    ValueTask<long> ReserveKeysAsync(long count, CancellationToken cancellationToken);

    /// <summary>
    /// Makes all of these changes, in order, or none. They are durable when the call returns. A change to a batch
    /// that isn't there is ignored, whatever it is, <see cref="StoreWrite.Accept"/> and <see cref="StoreWrite.Stage"/>
    /// aside. A gateway that holds the store no longer changes nothing. Where all of them free room (<see cref="StoreWrite.FreesRoom"/>), they are made also by a store that is
    /// full, which uses that room before it refuses another change.
    /// </summary>
    /// <exception cref="SubmissionKeyTakenException">A batch was to be accepted with a key that its owner has used. Nothing was changed.</exception>
    ValueTask CommitAsync(IReadOnlyList<StoreWrite> writes, CancellationToken cancellationToken);

    /// <summary>Finds a batch; null if it isn't there.</summary>
    ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken);

    /// <summary>
    /// Finds a batch of an owner; null if it isn't there or is somebody else's. What is done is the same for both, so
    /// that the time it takes tells nobody which of them it is.
    /// </summary>
    ValueTask<BatchRecord?> FindBatchAsync(string owner, long batchKey, CancellationToken cancellationToken);

    /// <summary>
    /// Finds the batch of an owner that has a <see cref="BatchRecord.SubmissionKey"/> with that text, compared by its bytes; null if there
    /// is none. An owner has one at most: see <see cref="StoreWrite.Accept"/>.
    /// </summary>
    ValueTask<BatchRecord?> FindBatchAsync(string owner, string submissionKey, CancellationToken cancellationToken);

    /// <summary>
    /// Says what the batches of an owner take; nothing for an owner without any. Takes constant time: every commit keeps
    /// count.
    /// </summary>
    ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken);

    /// <summary>Lists the owners whose batches take most.</summary>
    /// <param name="measure">The number to order by: the largest first, owners with the same number in the order of their text.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<OwnerTotals>> ListOwnersAsync(
        OwnerMeasure measure, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Says how much the store holds over all owners, for those who watch it. May take a while where there are many batches.
    /// </summary>
    /// <param name="now">The time: batches whose time is over count as expired.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null for a store that can't say.</returns>
    ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        ValueTask.FromResult<StoreTotals?>(null);

    /// <summary>Lists the batches of an owner, highest key first.</summary>
    /// <param name="beforeKey">Only those with a smaller key; <see cref="long.MaxValue"/> for all.</param>
    /// <param name="limit">At most so many.</param>
    ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken);

    /// <summary>Lists batches that have requests without a result, or are open, lowest key first.</summary>
    /// <param name="afterKey">Only those with a larger key; 0 for all.</param>
    /// <param name="limit">At most so many.</param>
    ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Lists batches that have requests without a result, and a <see cref="BatchRecord.StartTime"/> behind one time and not behind another,
    /// ordered by it and then by their keys.
    /// </summary>
    /// <param name="after">Only those that start later, or at the same time and have a larger key than the next parameter.</param>
    /// <param name="afterKey"><see cref="long.MaxValue"/> for none of that time.</param>
    /// <param name="until">Only those that start at that time or before.</param>
    /// <param name="limit">At most so many.</param>
    ValueTask<IReadOnlyList<BatchRecord>> ListToStartAsync(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>Lists batches whose payloads are due for deletion and not yet deleted, oldest first.</summary>
    ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Lists batches that are due for deletion, oldest first.</summary>
    ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Reads the window that holds the request of that index; null if there is none.</summary>
    ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken);

    /// <summary>Reads the segment that holds that position, payload included; null if there is none.</summary>
    ValueTask<ResultSegment?> ReadSegmentAsync(long batchKey, int position, CancellationToken cancellationToken);

    /// <summary>Reads a part of the payload of the segment that holds a position.</summary>
    /// <param name="batchKey">The batch.</param>
    /// <param name="position">The position.</param>
    /// <param name="offset">Where in the payload to begin.</param>
    /// <param name="destination">Where the bytes go; filled if the payload has as many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many were read; null if there is no such segment, or its payload is deleted.</returns>
    ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Reads segments without their payloads, in order, from the one that holds that position to the last.
    /// </summary>
    IAsyncEnumerable<ResultSegment> ReadEntriesAsync(
        long batchKey, int fromPosition, CancellationToken cancellationToken);

    /// <summary>Returns the indexes of all requests that <see cref="StoreWrite.MarkStarted"/> named, in any order.</summary>
    ValueTask<IReadOnlyList<int>> ListStartedAsync(long batchKey, CancellationToken cancellationToken);
}
