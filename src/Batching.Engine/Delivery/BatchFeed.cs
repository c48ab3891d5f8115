using Batching.Engine.Quotas;
using Batching.Engine.Telemetry;
using Batching.V1;

namespace Batching.Engine.Delivery;

/// <summary>
/// The batches of a caller as they change. For one reader, who disposes it in the end: it is one of the streams that its owner
/// may have open.
/// </summary>
public sealed class BatchFeed : IDisposable
{
    private readonly BatchWatcher _watcher;
    private readonly string _owner;
    private readonly int _limit;
    private readonly QuotaLease _lease;
    private readonly BatchMetrics _metrics;
    private int _isOpen = 1;

    internal BatchFeed(BatchWatcher watcher, string owner, int limit, QuotaLease lease, BatchMetrics metrics)
    {
        _watcher = watcher;
        _owner = owner;
        _limit = limit;
        _lease = lease;
        _metrics = metrics;
        metrics.CountReader(1);
    }

    /// <summary>Reads the records as they come. Each is a message of its own, and the last one is the end.</summary>
    /// <param name="shutdown">Ends the stream in order.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="Storage.StoreUnavailableException">The store can't say what is there.</exception>
    public IAsyncEnumerable<WatchBatchesResponse> ReadAsync(CancellationToken shutdown, CancellationToken cancellationToken) =>
        _watcher.ReadAsync(_owner, _limit, shutdown, cancellationToken);

    /// <summary>The stream is not open any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOpen, 0) == 1)
        {
            _metrics.CountReader(-1);
        }

        _lease.Dispose();
    }
}
