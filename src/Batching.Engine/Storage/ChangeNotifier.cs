namespace Batching.Engine.Storage;

/// <summary>Tells readers that something of a batch has changed. Thread-safe.</summary>
internal sealed class ChangeNotifier
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Source> _sources = [];

    /// <summary>The number of batches that are watched.</summary>
    public int WatchedBatches
    {
        get
        {
            lock (_lock)
            {
                return _sources.Count;
            }
        }
    }

    /// <summary>Lists the batches that are watched.</summary>
    public IReadOnlyList<long> ListWatched()
    {
        lock (_lock)
        {
            return [.. _sources.Keys];
        }
    }

    /// <summary>
    /// Watches for the next change. Begin before looking at the store, so that no change falls between the look and the
    /// wait, and end it in any case: a batch that is done may never change again.
    /// </summary>
    public ChangeWatch Watch(long batchKey)
    {
        lock (_lock)
        {
            if (!_sources.TryGetValue(batchKey, out var source))
            {
                _sources.Add(batchKey, source = new Source());
            }

            source.Watches++;
            return new ChangeWatch(this, batchKey, source);
        }
    }

    /// <summary>Wakes everybody who watches the batch.</summary>
    public void Notify(long batchKey)
    {
        Source? source;
        lock (_lock)
        {
            _sources.Remove(batchKey, out source);
        }

        source?.Change.SetResult();
    }

    private void End(long batchKey, Source source)
    {
        lock (_lock)
        {
            // After a change, another source may have its place.
            if (--source.Watches == 0 && _sources.TryGetValue(batchKey, out var current) && current == source)
            {
                _sources.Remove(batchKey);
            }
        }
    }

    /// <summary>A reader that watches for one change.</summary>
    internal sealed class ChangeWatch : IDisposable
    {
        private readonly ChangeNotifier _changes;
        private readonly long _batchKey;
        private readonly Source _source;
        private bool _disposed;

        internal ChangeWatch(ChangeNotifier changes, long batchKey, Source source)
        {
            _changes = changes;
            _batchKey = batchKey;
            _source = source;
        }

        /// <summary>Completes at the next change.</summary>
        public Task NextChange => _source.Change.Task;

        public void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                _changes.End(_batchKey, _source);
            }
        }
    }

    internal sealed class Source
    {
        public TaskCompletionSource Change { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Watches { get; set; }
    }
}
