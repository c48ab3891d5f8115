using System.Runtime.CompilerServices;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>Streams results as they are committed. Thread-safe.</summary>
public sealed class ResultStreamer
{
    // What a message has around its record: the position, tags and lengths.
    private const int RecordOverhead = 32;

    private readonly IBatchStore _store;
    private readonly ActiveBatches _activeBatches;
    private readonly OwnerQuotas _quotas;
    private readonly BatchFinder _finder;
    private readonly BatchViews _views;
    private readonly RequestReader _requests;
    private readonly ResultReader _results;
    private readonly DeliveryTracker _deliveries;
    private readonly SharedDeliveries _shared;
    private readonly ReplyBudget _replies;
    private readonly ChangeNotifier _changes;
    private readonly BatchMetrics _metrics;
    private readonly BatchEngineOptions _options;
    private readonly TimeProvider _time;

    internal ResultStreamer(
        IBatchStore store,
        ActiveBatches activeBatches,
        OwnerQuotas quotas,
        BatchFinder finder,
        BatchViews views,
        RequestReader requests,
        ResultReader results,
        DeliveryTracker deliveries,
        SharedDeliveries shared,
        ReplyBudget replies,
        ChangeNotifier changes,
        BatchMetrics metrics,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _store = store;
        _activeBatches = activeBatches;
        _quotas = quotas;
        _finder = finder;
        _views = views;
        _requests = requests;
        _results = results;
        _deliveries = deliveries;
        _shared = shared;
        _replies = replies;
        _changes = changes;
        _metrics = metrics;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Opens the stream that a call asks for, each of whose records is one message.</summary>
    public ValueTask<Outcome<ResultFeed>> OpenAsync(
        Caller caller, FetchResultsRequest request, CancellationToken cancellationToken) =>
        OpenAsync(caller, request, _options.Limits.MessageBytes, cancellationToken);

    /// <summary>Opens the stream that a call asks for.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">What for.</param>
    /// <param name="maxBytes">Bytes that a record may take as a message; <see cref="long.MaxValue"/> if it is not sent as one.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public async ValueTask<Outcome<ResultFeed>> OpenAsync(
        Caller caller, FetchResultsRequest request, long maxBytes, CancellationToken cancellationToken)
    {
        if (Refuse(request.RequestFields, out var fields) is { } bad)
        {
            return bad;
        }

        var found = await _finder.FindAsync(caller, request.BatchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        var record = found.Value;
        if (request.HasAfter && AfterPosition.Check(request.After, record) is { } refusal)
        {
            return refusal;
        }

        var lease = _quotas.OpenStream(caller.Owner);
        if (!lease.Succeeded)
        {
            return lease.Refusal;
        }

        try
        {
            var after = await BeginAsync(record, request, cancellationToken);
            return new ResultFeed(this, record, after, fields, maxBytes, lease.Value, _metrics);
        }
        catch
        {
            lease.Value.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes one of the caller's streams for a batch that is to be submitted: once it is stored, nothing must keep it from being read.
    /// </summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="fields">The fields of each request that its stream shows; all if null.</param>
    public Outcome<StreamReservation> Reserve(Caller caller, FieldMask? fields)
    {
        if (Refuse(fields, out var shown) is { } bad)
        {
            return bad;
        }

        var lease = _quotas.OpenStream(caller.Owner);
        return lease.Succeeded ? new StreamReservation(caller, shown, lease.Value) : lease.Refusal;
    }

    /// <summary>Opens the stream that was reserved, from the first result on.</summary>
    /// <param name="reservation">The reservation, which the stream takes over.</param>
    /// <param name="batchId">The batch that was submitted meanwhile.</param>
    /// <param name="maxBytes">Bytes that a record may take as a message.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <returns>Null if the batch was deleted meanwhile.</returns>
    public async ValueTask<ResultFeed?> OpenAsync(
        StreamReservation reservation, string batchId, long maxBytes, CancellationToken cancellationToken)
    {
        var found = await _finder.FindAsync(reservation.Caller, batchId, cancellationToken);
        return found.Succeeded
            ? new ResultFeed(this, found.Value, after: 0, reservation.Fields, maxBytes, reservation.Lease, _metrics)
            : null;
    }

    internal async IAsyncEnumerable<ResultRecord> ReadAsync(
        BatchRecord record,
        int after,
        RequestFields fields,
        long maxBytes,
        CancellationToken shutdown,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lease = _replies.Open(record.Owner);
        var position = after;
        var sent = _time.GetTimestamp();
        var views = _views.Of(record, fields);
        var message = new FetchResultsResponse();
        ResultSegment? segment = null;
        StoredRequest? stored = null;
        while (true)
        {
            using var watch = _changes.Watch(record.Key);
            var latest = _activeBatches.TryGet(record.Key, out var active)
                ? active.Record
                : await _store.FindBatchAsync(record.Key, cancellationToken);
            if (latest is null)
            {
                // Deleted while it was read: the stream ends without its last record.
                yield break;
            }

            while (position < latest.Finished)
            {
                // A stream may last longer than the bodies: it looks again before each segment.
                views.Record = latest;

                // What was sent goes before anything else is waited for: who holds some and waits for more may wait for ever.
                segment = null;
                views.ForgetBody();
                lease.Dispose();
                if (await _results.MeasureAsync(record.Key, position + 1, cancellationToken) is { } payload)
                {
                    await ReplyBudget.ReserveAsync(lease, ReplyBudget.OfPieces(payload), cancellationToken);
                    segment = await _results.ReadAsync(record.Key, position + 1, cancellationToken);
                }

                if (segment is null)
                {
                    // As above.
                    yield break;
                }

                while (position < segment.LastPosition)
                {
                    position++;
                    if (views.NeedWindows)
                    {
                        stored = await _requests.FindAsync(
                            latest, segment[position].Index, stored, cancellationToken);
                        if (stored is null)
                        {
                            // As above.
                            yield break;
                        }
                    }

                    message.Position = position;
                    message.Request = views.ToPassingResult(segment, position, stored);
                    views.Fit(message.Request, maxBytes - RecordOverhead);
                    sent = _time.GetTimestamp();

                    // The last one leaves together with the end.
                    var endIsNext = latest.DoneTime is not null && position == latest.Finished;
                    yield return new ResultRecord(message, MoreAtHand: endIsNext || position < segment.LastPosition);
                }
            }

            if (latest.DoneTime is not null || shutdown.IsCancellationRequested)
            {
                message.Position = position;
                message.End = new EndOfResults
                {
                    // Whoever reads 0 does not come back.
                    RunningRequests = latest.IsOpen ? Math.Max(1, latest.Running) : latest.Running,
                };
                yield return new ResultRecord(message, MoreAtHand: false);
                yield break;
            }

            // It may be a long wait, and for many streams at the same time.
            segment = null;
            stored = null;
            views.ForgetBody();
            lease.Dispose();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, shutdown);
            await watch.NextChange.WaitAsync(UntilHeartbeat(sent), _time, either.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!watch.NextChange.IsCompleted && !shutdown.IsCancellationRequested)
            {
                message.Position = position;
                message.Progress = new StreamProgress { RunningRequests = latest.Running, FailedRequests = latest.Failed };
                sent = _time.GetTimestamp();
                yield return new ResultRecord(message, MoreAtHand: false);
            }
        }
    }

    internal Delivery DeliveryUpTo(BatchRecord record, int position) =>
        _shared.AreUsed ? _shared.UpTo(record, position) : _deliveries.UpTo(record, position);

    private static Refusal.Invalid? Refuse(FieldMask? mask, out RequestFields fields)
    {
        var problems = new List<Problem>();
        fields = RequestFieldMask.Parse(mask, problems);
        return problems.Count == 0
            ? null
            : new Refusal.Invalid(problems, isComplete: problems.Count < RequestFieldMask.MaxProblems);
    }

    // The position behind which the stream begins.
    private async ValueTask<int> BeginAsync(
        BatchRecord record, FetchResultsRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasAfter)
        {
            return _shared.AreUsed ? await _shared.WrittenOfAsync(record, cancellationToken) : _deliveries.WrittenOf(record);
        }

        if (_shared.AreUsed)
        {
            await _shared.ReceiveUpToAsync(record, (int)request.After);
        }
        else
        {
            _deliveries.ReceiveUpTo(record, (int)request.After);
        }

        return (int)request.After;
    }

    // Changes that bring no record, such as those of a batch that is cancelled, are no sign of life for the client.
    private TimeSpan UntilHeartbeat(long sent)
    {
        if (_options.StreamHeartbeat == TimeSpan.Zero)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var left = _options.StreamHeartbeat - _time.GetElapsedTime(sent);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
