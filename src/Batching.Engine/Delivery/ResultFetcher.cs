using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Storage;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Delivery;

/// <summary>Fetches results by the page. Thread-safe.</summary>
/// <remarks>Longer than other files: the ways to a page, at one gateway and at several, end in the same reading of it.</remarks>
public sealed class ResultFetcher
{
    // How often it is asked whether what is on its way from another gateway has ended.
    private static readonly TimeSpan SharedWait = TimeSpan.FromMilliseconds(50);

    private readonly IBatchStore _store;
    private readonly BatchFinder _finder;
    private readonly BatchIds _ids;
    private readonly BatchViews _views;
    private readonly PageReader _pages;
    private readonly NamedFetcher _named;
    private readonly DeliveryTracker _deliveries;
    private readonly SharedDeliveries _shared;
    private readonly ReplyBudget _replies;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;

    internal ResultFetcher(
        IBatchStore store,
        BatchFinder finder,
        BatchIds ids,
        BatchViews views,
        RequestReader requests,
        ResultReader results,
        DeliveryTracker deliveries,
        SharedDeliveries shared,
        ReplyBudget replies,
        IOptions<BatchEngineOptions> options,
        TimeProvider time)
    {
        _store = store;
        _finder = finder;
        _ids = ids;
        _views = views;
        _deliveries = deliveries;
        _shared = shared;
        _replies = replies;
        _limits = options.Value.Limits;
        _pages = new PageReader(requests, results, _limits);
        _named = new NamedFetcher(store, ids, views, _pages, replies, _limits);
        _time = time;
    }

    /// <summary>Fetches the page that a call asks for, as one message.</summary>
    public ValueTask<Outcome<ResultPage>> FetchAsync(
        Caller caller, FetchBatchRequest request, CancellationToken cancellationToken) =>
        FetchAsync(caller, request, _limits.MessageBytes, cancellationToken);

    /// <summary>
    /// Opens the page that a call asks for. Its requests are then read one after the other, so that no more than one piece
    /// of it is in memory.
    /// </summary>
    public ValueTask<Outcome<ResultPage>> OpenAsync(
        Caller caller, FetchBatchRequest request, CancellationToken cancellationToken) =>
        FetchAsync(caller, request, maxBytes: null, cancellationToken);

    private async ValueTask<Outcome<ResultPage>> FetchAsync(
        Caller caller, FetchBatchRequest request, long? maxBytes, CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        var fields = RequestFieldMask.Parse(request.RequestFields, problems);
        if (request.HasAfter && request.RequestIds.Count > 0)
        {
            problems.Add(new Problem("after", "can't be combined with request_ids"));
        }

        if (problems.Count > 0)
        {
            return new Refusal.Invalid(problems, isComplete: problems.Count < RequestFieldMask.MaxProblems);
        }

        if (RequestIds.CheckCount(request.RequestIds, _limits) is { } tooMany)
        {
            return tooMany;
        }

        using var kept = _ids.TryParseBatch(request.BatchId, out var key) ? _deliveries.Pin(key) : null;
        var found = await _finder.FindAsync(caller, request.BatchId, cancellationToken);
        if (!found.Succeeded)
        {
            return found.Refusal;
        }

        // Not given back with the page, it is given back at once.
        var lease = _replies.Open(caller.Owner);
        var isGiven = false;
        try
        {
            var fetch = new PageRequest(caller.Owner, fields, maxBytes, lease);
            var answer = request.RequestIds.Count > 0
                ? await _named.FetchAsync(fetch, found.Value, request.RequestIds, cancellationToken)
                : request.HasAfter
                    ? await FetchBehindAsync(fetch, found.Value, request.After, cancellationToken)
                    : _shared.AreUsed
                        ? await FetchSharedAsync(fetch, found.Value, cancellationToken)
                        : await FetchWaitingAsync(fetch, found.Value, cancellationToken);
            isGiven = answer.Succeeded;
            return answer;
        }
        finally
        {
            if (!isGiven)
            {
                lease.Dispose();
            }
        }
    }

    private async Task<Outcome<ResultPage>> FetchWaitingAsync(
        PageRequest fetch, BatchRecord record, CancellationToken cancellationToken)
    {
        // An empty page of a batch that is done tells the client that it has everything. While another reply is still on
        // its way that is not true yet: should it break, its results are waiting again.
        Delivery? delivery;
        var began = _time.GetTimestamp();
        while (true)
        {
            delivery = _deliveries.TryClaim(record, out var onTheWay);
            using (onTheWay)
            {
                if (onTheWay is null || record.IsUnfinished)
                {
                    break;
                }

                if (!await _deliveries.WaitAsync(
                    onTheWay, _limits.PageWait - _time.GetElapsedTime(began), cancellationToken))
                {
                    return OnTheWay();
                }
            }

            if (await _store.FindBatchAsync(record.Key, cancellationToken) is not { } latest)
            {
                return Deleted(record);
            }

            record = latest;
        }

        if (delivery is null)
        {
            return EmptyPage(record, fetch.Lease);
        }

        return await ReadPageAsync(fetch, record, delivery, cancellationToken);
    }

    // The same where the others that deliver may be other gateways, which nobody tells of their end.
    private async Task<Outcome<ResultPage>> FetchSharedAsync(
        PageRequest fetch, BatchRecord record, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            var (delivery, state) = await _shared.TakeAsync(record, _limits.PageResults, cancellationToken);
            if (delivery is not null)
            {
                // There may be more than when it was read.
                var latest = delivery.Last > record.Finished ? await FindAsync(record, delivery) : record;
                return latest is null ? Deleted(record) : await ReadPageAsync(fetch, latest, delivery, cancellationToken);
            }

            if (!state.IsOnTheWay || record.Running > 0)
            {
                return EmptyPage(record, fetch.Lease, state.Written);
            }

            if (_time.GetElapsedTime(began) >= _limits.PageWait)
            {
                return OnTheWay();
            }

            await Task.Delay(SharedWait, _time, cancellationToken);
            if (await _store.FindBatchAsync(record.Key, cancellationToken) is not { } next)
            {
                return Deleted(record);
            }

            record = next;
        }
    }

    private async ValueTask<BatchRecord?> FindAsync(BatchRecord record, Delivery delivery)
    {
        BatchRecord? latest = null;
        try
        {
            return latest = await _store.FindBatchAsync(record.Key, CancellationToken.None);
        }
        finally
        {
            if (latest is null)
            {
                delivery.Complete(received: false);
            }
        }
    }

    private static Refusal.Unavailable OnTheWay() => new(
        "The last results of the batch are on their way to another call. Should it not receive them, they are handed out again: fetch again.");

    private async Task<Outcome<ResultPage>> ReadPageAsync(
        PageRequest fetch, BatchRecord record, Delivery delivery, CancellationToken cancellationToken)
    {
        var isGiven = false;
        try
        {
            var answer = await ReadPageAsync(fetch, record, delivery.First, delivery.Last, delivery, cancellationToken);
            isGiven = answer.Succeeded;
            return answer;
        }
        finally
        {
            if (!isGiven)
            {
                delivery.Complete(received: false);
            }
        }
    }

    private async Task<Outcome<ResultPage>> FetchBehindAsync(
        PageRequest fetch, BatchRecord record, long after, CancellationToken cancellationToken)
    {
        if (AfterPosition.Check(after, record) is { } refusal)
        {
            return refusal;
        }

        if (_shared.AreUsed)
        {
            await _shared.ReceiveUpToAsync(record, (int)after);
        }
        else
        {
            _deliveries.ReceiveUpTo(record, (int)after);
        }

        return after == record.Finished
            ? _shared.AreUsed ? EmptyPage(record, fetch.Lease, (int)after) : EmptyPage(record, fetch.Lease)
            : await ReadPageAsync(fetch, record, (int)after + 1, record.Finished, taken: null, cancellationToken);
    }

    private ResultPage EmptyPage(BatchRecord record, ByteLease lease) =>
        EmptyPage(record, lease, _deliveries.WrittenOf(record));

    private ResultPage EmptyPage(BatchRecord record, ByteLease lease, int written) => new(
        new FetchBatchResponse { Batch = _views.ToBatch(record), Position = written },
        Delivery.OfNothing(record),
        lease);

    private Delivery UpTo(BatchRecord record, int last) =>
        _shared.AreUsed ? _shared.UpTo(record, last) : _deliveries.UpTo(record, last);

    private Refusal.NotFound Deleted(BatchRecord record) => new("batch", _ids.OfBatch(record.Key));

    // What was taken is shortened to what the page has room for.
    private async Task<Outcome<ResultPage>> ReadPageAsync(
        PageRequest fetch, BatchRecord record, int first, int last, Delivery? taken, CancellationToken cancellationToken)
    {
        if (await _pages.MeasureAsync(record, first, last, fetch.Fields, fetch.Room, cancellationToken) is not { } extent)
        {
            return Deleted(record);
        }

        // Others may have what is behind it, while this page waits for room.
        last = extent.Last;
        taken?.Shorten(last);
        var count = last - first + 1;
        var views = _views.Of(record, fetch.Fields);
        var held = views.IsExpired ? 0
            : fetch.MaxBytes is null ? ReplyBudget.OfPieces(extent.LargestBytes)
            : ReplyBudget.OfMessage(extent.PayloadBytes, count);
        if (await _replies.ReserveAsync(fetch.Lease, fetch.Owner, held, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var response = new FetchBatchResponse { Batch = views.ToBatch(), Position = last };
        if (fetch.MaxBytes is null)
        {
            return new ResultPage(
                response,
                taken ?? UpTo(record, last),
                fetch.Lease,
                count,
                cancellation => _pages.ReadAsync(record, first, last, views, passing: true, cancellation));
        }

        var room = fetch.Room;
        var end = first - 1;
        await foreach (var view in _pages.ReadAsync(record, first, last, views, passing: false, cancellationToken))
        {
            var bytes = views.Fit(view, fetch.Room);
            if (end >= first && bytes > room)
            {
                last = end;
                break;
            }

            room -= bytes;
            response.Batch.Requests.Add(view);
            end++;
        }

        if (end < last)
        {
            return Deleted(record);
        }

        taken?.Shorten(last);
        response.Position = last;
        return new ResultPage(response, taken ?? UpTo(record, last), fetch.Lease);
    }
}
