using System.Runtime.CompilerServices;
using Batching.Engine.Model;
using Batching.Engine.Storage;

namespace Batching.Engine.Tests.Infrastructure;

/// <summary>A store that can be made to fail.</summary>
internal sealed class FaultyStore(IBatchStore store) : IBatchStore
{
    private int _failedWrites;
    private int _windowsRead;

    public bool WritesFail { get; set; }

    public bool ReadsFail { get; set; }

    /// <summary>How many commits were refused.</summary>
    public int FailedWrites => Volatile.Read(ref _failedWrites);

    /// <summary>How many windows of requests were read.</summary>
    public int WindowsRead => Volatile.Read(ref _windowsRead);

    /// <summary>Called with every group before it is committed.</summary>
    public Func<IReadOnlyList<StoreWrite>, Task>? Committing { get; set; }

    /// <summary>Called with every group when it is committed.</summary>
    public Action<IReadOnlyList<StoreWrite>>? Committed { get; set; }

    /// <summary>Called behind every read of a segment.</summary>
    public Func<Task>? SegmentRead { get; set; }

    /// <summary>Called behind every read of a segment's entries.</summary>
    public Func<Task>? EntriesRead { get; set; }

    /// <summary>Called behind every read of a batch.</summary>
    public Func<Task>? BatchRead { get; set; }

    /// <summary>What <see cref="MaxPayloadBytes"/> is, if not what it is of the real store.</summary>
    public long? Room { get; set; }

    public long MaxPayloadBytes => Room ?? store.MaxPayloadBytes;

    public IWebhookStore Webhooks => Readable.Webhooks;

    public ValueTask OpenAsync(CancellationToken cancellationToken) => store.OpenAsync(cancellationToken);

    public ValueTask<byte[]> GetOrAddSecretAsync(string name, byte[] candidate, CancellationToken cancellationToken) =>
        store.GetOrAddSecretAsync(name, candidate, cancellationToken);

    public ValueTask<long> ReserveKeysAsync(long count, CancellationToken cancellationToken) =>
        store.ReserveKeysAsync(count, cancellationToken);

    public async ValueTask CommitAsync(IReadOnlyList<StoreWrite> writes, CancellationToken cancellationToken)
    {
        if (Committing is { } committing)
        {
            await committing(writes);
        }

        if (WritesFail)
        {
            Interlocked.Increment(ref _failedWrites);
            throw Unavailable();
        }

        await store.CommitAsync(writes, cancellationToken);
        Committed?.Invoke(writes);
    }

    public ValueTask<IReadOnlyList<OwnerTotals>> ListOwnersAsync(
        OwnerMeasure measure, int limit, CancellationToken cancellationToken) =>
        Readable.ListOwnersAsync(measure, limit, cancellationToken);

    public async ValueTask<BatchRecord?> FindBatchAsync(long batchKey, CancellationToken cancellationToken) =>
        await AfterReadAsync(await Readable.FindBatchAsync(batchKey, cancellationToken));

    public async ValueTask<BatchRecord?> FindBatchAsync(
        string owner, long batchKey, CancellationToken cancellationToken) =>
        await AfterReadAsync(await Readable.FindBatchAsync(owner, batchKey, cancellationToken));

    public async ValueTask<BatchRecord?> FindBatchAsync(
        string owner, string submissionKey, CancellationToken cancellationToken) =>
        await AfterReadAsync(await Readable.FindBatchAsync(owner, submissionKey, cancellationToken));

    public ValueTask<OwnerUsage> ReadUsageAsync(string owner, CancellationToken cancellationToken) =>
        Readable.ReadUsageAsync(owner, cancellationToken);

    public ValueTask<StoreTotals?> ReadTotalsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        Readable.ReadTotalsAsync(now, cancellationToken);

    public ValueTask<IReadOnlyList<BatchRecord>> ListBatchesAsync(
        string owner, long beforeKey, int limit, CancellationToken cancellationToken) =>
        Readable.ListBatchesAsync(owner, beforeKey, limit, cancellationToken);

    public ValueTask<IReadOnlyList<BatchRecord>> ListUnfinishedAsync(
        long afterKey, int limit, CancellationToken cancellationToken) =>
        Readable.ListUnfinishedAsync(afterKey, limit, cancellationToken);

    public ValueTask<IReadOnlyList<BatchRecord>> ListToStartAsync(
        DateTimeOffset after, long afterKey, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        Readable.ListToStartAsync(after, afterKey, until, limit, cancellationToken);

    public ValueTask<IReadOnlyList<BatchRecord>> ListToExpireAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Readable.ListToExpireAsync(now, limit, cancellationToken);

    public ValueTask<IReadOnlyList<BatchRecord>> ListToDeleteAsync(
        DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Readable.ListToDeleteAsync(now, limit, cancellationToken);

    public ValueTask<RequestWindow?> ReadWindowAsync(long batchKey, int index, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _windowsRead);
        return Readable.ReadWindowAsync(batchKey, index, cancellationToken);
    }

    public async ValueTask<ResultSegment?> ReadSegmentAsync(
        long batchKey, int position, CancellationToken cancellationToken)
    {
        var segment = await Readable.ReadSegmentAsync(batchKey, position, cancellationToken);
        if (SegmentRead is { } read)
        {
            await read();
        }

        return segment;
    }

    public ValueTask<int?> ReadPayloadAsync(
        long batchKey, int position, int offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Readable.ReadPayloadAsync(batchKey, position, offset, destination, cancellationToken);

    public async IAsyncEnumerable<ResultSegment> ReadEntriesAsync(
        long batchKey, int fromPosition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var segment in Readable.ReadEntriesAsync(batchKey, fromPosition, cancellationToken))
        {
            if (EntriesRead is { } read)
            {
                await read();
            }

            yield return segment;
        }
    }

    public ValueTask<IReadOnlyList<int>> ListStartedAsync(long batchKey, CancellationToken cancellationToken) =>
        Readable.ListStartedAsync(batchKey, cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private IBatchStore Readable => ReadsFail ? throw Unavailable() : store;

    private static StoreUnavailableException Unavailable() =>
        new("The store is out of order.", new IOException("as the test wants it"));

    private async ValueTask<BatchRecord?> AfterReadAsync(BatchRecord? record)
    {
        if (BatchRead is { } read)
        {
            await read();
        }

        return record;
    }
}
