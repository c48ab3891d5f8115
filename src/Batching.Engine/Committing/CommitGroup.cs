using Batching.Engine.Storage;

namespace Batching.Engine.Committing;

/// <summary>Changes that are committed together. Not thread-safe.</summary>
internal sealed class CommitGroup
{
    /// <summary>Results and other changes in one group.</summary>
    public const int MaxItems = 4096;

    /// <summary>Bytes of results in one group, more or less.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private readonly List<FinishedRequest> _results = [];
    private readonly List<PendingWrite> _writes = [];
    private readonly List<PendingAppend> _appends = [];
    private readonly List<(PendingWrite Pending, SubmissionKeyTakenException Failure)> _refused = [];

    /// <summary>The results.</summary>
    public IReadOnlyList<FinishedRequest> Results => _results;

    /// <summary>The changes but for the results.</summary>
    public IReadOnlyList<PendingWrite> Writes => _writes;

    /// <summary>The appends to open batches.</summary>
    public IReadOnlyList<PendingAppend> Appends => _appends;

    /// <summary>Results and other changes.</summary>
    public int Count => _results.Count + _writes.Count + _appends.Count;

    /// <summary>Of the results.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether it should be committed before more is added.</summary>
    public bool IsFull => Count >= MaxItems || Bytes >= MaxBytes;

    /// <summary>Adds a result. Those of one batch stay in the order in which they are added.</summary>
    public void Add(FinishedRequest finished)
    {
        Bytes += finished.Bytes;
        _results.Add(finished);
    }

    /// <summary>Adds another change.</summary>
    public void Add(PendingWrite write) => _writes.Add(write);

    /// <summary>Adds an append to an open batch.</summary>
    public void Add(PendingAppend append)
    {
        Bytes += append.Bytes;
        _appends.Add(append);
    }

    /// <summary>
    /// Takes out the appends, none of which is made: unlike results they need not be kept, and their place in the batch is not taken
    /// before they are stored.
    /// </summary>
    public void FailAppends(Exception failure)
    {
        foreach (var append in _appends)
        {
            Bytes -= append.Bytes;
            append.Done.TrySetException(failure);
        }

        _appends.Clear();
    }

    /// <summary>
    /// Takes out the acceptance of a batch, which the store refuses. Who waits for it is told when the rest is durable: the batch that it
    /// is refused for may be in there.
    /// </summary>
    public void Refuse(SubmissionKeyTakenException failure)
    {
        var index = _writes.FindIndex(pending => pending.Write is StoreWrite.Accept && pending.Write.BatchKey == failure.BatchKey);
        _refused.Add((_writes[index], failure));
        _writes.RemoveAt(index);
    }

    /// <summary>Puts back what was taken out: nothing is durable, and none of it is refused for what is not there.</summary>
    public void Restore()
    {
        _writes.AddRange(_refused.Select(refused => refused.Pending));
        _refused.Clear();
    }

    /// <summary>Everything is durable.</summary>
    public void Complete()
    {
        foreach (var write in _writes)
        {
            write.Done.SetResult();
        }

        foreach (var append in _appends)
        {
            append.Done.SetResult();
        }

        foreach (var (pending, failure) in _refused)
        {
            pending.Done.SetException(failure);
        }

        foreach (var finished in _results)
        {
            finished.Release();
        }
    }
}
