using Batching.Engine.Model;

namespace Batching.Engine.Storage;

/// <summary>One change to the store. The nested types are all there are.</summary>
/// <param name="BatchKey">The batch that changes.</param>
public abstract record StoreWrite(long BatchKey)
{
    /// <summary>
    /// Messages that tell of this change. They are stored with it, if the batch is there afterwards; one that is there already,
    /// of the same batch and event, stays as it is.
    /// </summary>
    public IReadOnlyList<WebhookMessage> Messages { get; init; } = [];

    /// <summary>
    /// The change makes room, or ends requests without a response to keep, which leads to it: a store that is full must
    /// still take it, from a reserve that it keeps for such changes.
    /// </summary>
    public bool FreesRoom => this is Cancel or Expire or Delete or NoteAttempt
        || (this is AppendResults { Spawned.Count: 0 } append
            && append.Segments.All(segment => segment.Payload is not { Length: > 0 }));

    /// <summary>
    /// Stores requests of a batch that is not accepted yet. Nobody sees them before <see cref="Accept"/>; without it
    /// they are gone after <see cref="Delete"/>, or when the store is opened the next time.
    /// </summary>
    /// <param name="BatchKey">A number that was reserved since the store was opened.</param>
    /// <param name="Windows">The next requests, in order; the first that are staged begin with index 0.</param>
    public sealed record Stage(long BatchKey, IReadOnlyList<RequestWindow> Windows) : StoreWrite(BatchKey);

    /// <summary>
    /// Stores a new batch. A draft of its number is gone with that (<see cref="IDraftStore"/>). If its owner has another batch with the
    /// same <see cref="BatchRecord.SubmissionKey"/>, the whole commit fails with <see cref="SubmissionKeyTakenException"/>, whoever has
    /// stored that one, and however shortly before.
    /// </summary>
    /// <param name="Batch">The batch.</param>
    /// <param name="Windows">Its requests, behind those that were staged; may be empty if some were.</param>
    public sealed record Accept(BatchRecord Batch, IReadOnlyList<RequestWindow> Windows) : StoreWrite(Batch.Key);

    /// <summary>
    /// Appends results, with the requests they have spawned; or requests that were appended to an open batch; or seals it. Ignored if the batch is gone. If it is expired, the
    /// payloads are not stored. With the last result it is forgotten which requests were started.
    /// </summary>
    /// <param name="Batch">
    /// The batch as it is afterwards; its counters, numbers, done time, credential, and what says whether it is open are stored. What other changes set (the
    /// received mark, cancelled, expired) stays as it is stored, not as it is here.
    /// </param>
    /// <param name="Segments">The results, in order and without gaps.</param>
    /// <param name="Spawned">New requests, behind those there are.</param>
    /// <param name="Seals">The batch was open before, and is not any more.</param>
    public sealed record AppendResults(
        BatchRecord Batch,
        IReadOnlyList<ResultSegment> Segments,
        IReadOnlyList<RequestWindow> Spawned,
        bool Seals = false) : StoreWrite(Batch.Key);

    /// <summary>
    /// Appends results to a batch that other gateways append to, too: where and as what is known only once nobody else can. Ignored if
    /// the batch is gone. For stores with <see cref="IBatchStore.Sharing"/>.
    /// </summary>
    /// <param name="BatchKey">The batch.</param>
    /// <param name="Bytes">About how many bytes it has.</param>
    /// <param name="Append">
    /// Makes the change for the batch as it is stored and stays until the change is made. May be called again, and then forgets what it
    /// has made before.
    /// </param>
    public sealed record AppendShared(
        long BatchKey, long Bytes, Func<BatchRecord, AppendResults> Append) : StoreWrite(BatchKey)
    {
        /// <summary>
        /// The same for a batch without results, to be added to what there are; null where that does not do. A store may take it, and
        /// compute counters, positions and done time by itself, instead of calling <see cref="Append"/>.
        /// </summary>
        public AppendResults? Relative { get; init; }

        /// <summary>The done time, should these be the last results.</summary>
        public DateTimeOffset Time { get; init; }

        /// <summary>Told what was made of <see cref="Relative"/>, once it is durable, unless the answer was lost.</summary>
        public Action<AppendResults>? Appended { get; init; }
    }

    /// <summary>
    /// Remembers that these requests are about to be sent. Ignored if the batch is gone, done or expired.
    /// </summary>
    public sealed record MarkStarted(long BatchKey, IReadOnlyList<int> Indexes) : StoreWrite(BatchKey);

    /// <summary>
    /// Moves the received mark forward, but not beyond the last result; a position behind the present one changes
    /// nothing.
    /// </summary>
    public sealed record MoveReceivedMark(long BatchKey, int Position) : StoreWrite(BatchKey);

    /// <summary>Remembers that the batch is cancelled, and when at first; one that is done, and not open, stays as it is.</summary>
    public sealed record Cancel(long BatchKey, DateTimeOffset? Time = null) : StoreWrite(BatchKey);

    /// <summary>Deletes the payloads of all results, and forgets which requests were started.</summary>
    public sealed record Expire(long BatchKey) : StoreWrite(BatchKey);

    /// <summary>
    /// Notes an attempt to send a message, and what is to come of it; ignored if the message isn't there. A message that does
    /// not wait any more is deleted where its batch is.
    /// </summary>
    /// <param name="BatchKey">The batch of the message, which need not be there.</param>
    /// <param name="Event">The event of the message.</param>
    /// <param name="Attempt">The attempt, by which their number grows.</param>
    /// <param name="State">The state from now on.</param>
    /// <param name="NextTime">The time of the next attempt.</param>
    public sealed record NoteAttempt(
        long BatchKey, BatchEvents Event, WebhookAttempt Attempt, WebhookState State, DateTimeOffset NextTime) : StoreWrite(BatchKey);

    /// <summary>Lets a message wait as if it were new, whatever became of it; ignored if the batch has no such message.</summary>
    /// <param name="BatchKey">The batch of the message.</param>
    /// <param name="Event">The event of the message.</param>
    /// <param name="NextTime">The time of the next attempt.</param>
    /// <param name="EndTime">The time after which no attempt follows one that has failed.</param>
    public sealed record Resend(
        long BatchKey, BatchEvents Event, DateTimeOffset NextTime, DateTimeOffset EndTime) : StoreWrite(BatchKey);

    /// <summary>
    /// Deletes the batch and everything that belongs to it, its messages too but for those that still wait; of a batch that is not
    /// accepted, what is staged.
    /// </summary>
    public sealed record Delete(long BatchKey) : StoreWrite(BatchKey);
}
