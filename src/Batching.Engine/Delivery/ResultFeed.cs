using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Telemetry;

namespace Batching.Engine.Delivery;

/// <summary>
/// The results of a batch behind a position, those to come included. For one reader, who disposes it in the end: it is
/// one of the streams that its owner may have open.
/// </summary>
public sealed class ResultFeed : IDisposable
{
    private readonly ResultStreamer _streamer;
    private readonly BatchRecord _record;
    private readonly int _after;
    private readonly RequestFields _fields;
    private readonly long _maxBytes;
    private readonly QuotaLease _lease;
    private readonly BatchMetrics _metrics;
    private int _isOpen = 1;

    internal ResultFeed(
        ResultStreamer streamer,
        BatchRecord record,
        int after,
        RequestFields fields,
        long maxBytes,
        QuotaLease lease,
        BatchMetrics metrics)
    {
        _streamer = streamer;
        _record = record;
        _after = after;
        _fields = fields;
        _maxBytes = maxBytes;
        _lease = lease;
        _metrics = metrics;
        metrics.CountReader(1);
    }

    /// <summary>Whether the client has everything that there ever will be.</summary>
    public bool IsOver => _record.DoneTime is not null && _after == _record.Finished;

    /// <summary>
    /// Reads the records as they come. The last one of all is the end of results; a stream without it belongs to a batch
    /// that was deleted meanwhile.
    /// </summary>
    /// <param name="shutdown">Ends the stream in order, before the batch is done.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public IAsyncEnumerable<ResultRecord> ReadAsync(
        CancellationToken shutdown, CancellationToken cancellationToken) =>
        _streamer.ReadAsync(_record, _after, _fields, _maxBytes, shutdown, cancellationToken);

    /// <summary>The delivery of everything up to a position.</summary>
    public Delivery DeliveryUpTo(long position) => _streamer.DeliveryUpTo(_record, (int)position);

    /// <summary>The stream is not open any more; <see cref="DeliveryUpTo"/> may still be called.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isOpen, 0) == 1)
        {
            _metrics.CountReader(-1);
        }

        _lease.Dispose();
    }
}
