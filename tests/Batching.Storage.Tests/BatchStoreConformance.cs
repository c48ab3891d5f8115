using Batching.Engine.Model;
using Batching.Engine.Storage;
using static Batching.Storage.Tests.StoreData;

namespace Batching.Storage.Tests;

/// <summary>
/// What every store must do. A store's test class derives from it and says how to make one; each test starts with an
/// empty store.
/// </summary>
public abstract partial class BatchStoreConformance : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The store under test, open.</summary>
    protected IBatchStore Store { get; private set; } = null!;

    public virtual async Task InitializeAsync()
    {
        Store = CreateStore();
        await Store.OpenAsync(None);
        Assert.True(await Store.TryAcquireAsync(None));
    }

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    /// <summary>Makes a store, not yet opened, on what this test has stored before.</summary>
    protected abstract IBatchStore CreateStore();

    /// <summary>Closes the store and opens it again, as a restart does.</summary>
    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = CreateStore();
        await Store.OpenAsync(None);
        Assert.True(await Store.TryAcquireAsync(None));
    }

    /// <summary>Commits a group.</summary>
    protected ValueTask CommitAsync(params StoreWrite[] writes) => Store.CommitAsync(writes, None);

    /// <summary>Reads a batch that must be there.</summary>
    protected async Task<BatchRecord> FindAsync(long key)
    {
        var batch = await Store.FindBatchAsync(key, None);
        Assert.NotNull(batch);
        return batch;
    }

    private async Task<List<ResultSegment>> EntriesAsync(long key, int fromPosition)
    {
        var segments = new List<ResultSegment>();
        await foreach (var segment in Store.ReadEntriesAsync(key, fromPosition, None))
        {
            segments.Add(segment);
        }

        return segments;
    }

    private static void AssertSame(BatchRecord expected, BatchRecord? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Credential, actual.Credential);
        Assert.Equal(expected.Runs.Encode(), actual.Runs.Encode());
        Assert.Equal(expected with { Credential = null }, actual with { Credential = null, Runs = expected.Runs });
    }

    private static void AssertSame(ResultSegment expected, ResultSegment? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.FirstPosition, actual.FirstPosition);
        Assert.Equal(expected.Entries, actual.Entries);
        Assert.Equal(expected.Payload is null, actual.Payload is null);

        // Not Assert.Equal, which takes seconds over megabytes.
        Assert.True(expected.Payload.AsSpan().SequenceEqual(actual.Payload), "The payload is another one.");
    }

    private static IEnumerable<long> KeysOf(IEnumerable<BatchRecord> batches) => batches.Select(batch => batch.Key);
}
