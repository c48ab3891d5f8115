using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

/// <summary>
/// Begins batches that were submitted for later, when their time has come. Until then they are in the store only: what is in memory
/// is the time at which the next one starts. Thread-safe.
/// </summary>
internal sealed class DelayedStarts : ICommitSubscriber
{
    private const int PageSize = 100;

    // The clock may be set, and a machine may sleep: a timer alone would not notice.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly IBatchStore _store;
    private readonly ActiveBatches _activeBatches;
    private readonly Recovery _recovery;
    private readonly TimeProvider _time;
    private readonly ILogger<DelayedStarts> _logger;
    private readonly Lock _lock = new();
    private readonly Queue<long> _woken = new();
    private TaskCompletionSource _changed = NewSignal();
    private DateTimeOffset? _next;
    private DateTimeOffset _begunUntil = DateTimeOffset.MaxValue;

    public DelayedStarts(
        IBatchStore store,
        ActiveBatches activeBatches,
        Recovery recovery,
        CommitPublisher publisher,
        TimeProvider time,
        ILogger<DelayedStarts> logger)
    {
        _store = store;
        _activeBatches = activeBatches;
        _recovery = recovery;
        _time = time;
        _logger = logger;
        publisher.Subscribe(this);
    }

    /// <summary>Begins batches when they are due, until cancelled.</summary>
    /// <param name="since">Batches whose time was up by then are not its own: <see cref="Recovery"/> takes them up.</param>
    /// <param name="cancellationToken">Leaves the rest for the next start of the gateway.</param>
    public async Task RunAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _begunUntil = since;
            _next = since;
        }

        while (true)
        {
            try
            {
                await BeginDueAsync(cancellationToken);
            }
            catch (StoreUnavailableException exception)
            {
                RecoveryLog.ReadFailed(_logger, exception);
                await StoreRetry.WaitAsync(_time, cancellationToken);
                continue;
            }

            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes up a batch before its time, because it was cancelled: its requests get their results.</summary>
    public void Wake(long batchKey)
    {
        if (_store.Sharing is not null)
        {
            // Whoever claims it next begins it.
            return;
        }

        lock (_lock)
        {
            _woken.Enqueue(batchKey);
            _changed.TrySetResult();
        }
    }

    /// <summary>Learns of a batch that was submitted for later.</summary>
    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (write is not StoreWrite.Accept { Batch.StartTime: { } start } || _store.Sharing is not null)
        {
            return;
        }

        lock (_lock)
        {
            // Its time may have been up before it was stored.
            if (start <= _begunUntil)
            {
                _woken.Enqueue(write.BatchKey);
                _changed.TrySetResult();
            }
            else if (_next is null || start < _next)
            {
                _next = start;
                _changed.TrySetResult();
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task BeginDueAsync(CancellationToken cancellationToken)
    {
        while (TryTakeWoken(out var key))
        {
            await BeginAsync(key, cancellationToken);
        }

        DateTimeOffset since;
        DateTimeOffset until;
        lock (_lock)
        {
            until = Now();
            if (_next is null || _next > until)
            {
                return;
            }

            // First of all: what is committed from now on for a time up to this one is told as one to be woken.
            since = _begunUntil;
            _begunUntil = until;
            _next = null;
        }

        try
        {
            await BeginAsync(since, until, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            lock (_lock)
            {
                _next = since;
                _begunUntil = since;
            }

            throw;
        }
    }

    private async Task BeginAsync(DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var (after, afterKey) = (since, long.MaxValue);
        while (true)
        {
            var page = await _store.ListToStartAsync(after, afterKey, until, PageSize, cancellationToken);
            foreach (var record in page)
            {
                await BeginAsync(record.Key, cancellationToken);
                (after, afterKey) = (record.StartTime!.Value, record.Key);
            }

            if (page.Count < PageSize)
            {
                break;
            }
        }

        if (await _store.ListToStartAsync(until, long.MaxValue, DateTimeOffset.MaxValue, 1, cancellationToken) is [var next])
        {
            lock (_lock)
            {
                _next = _next < next.StartTime ? _next : next.StartTime;
            }
        }
    }

    // It may have been told twice. One that is active, or was and is done by now, is left alone: it is looked for there first.
    private async Task BeginAsync(long key, CancellationToken cancellationToken)
    {
        if (_activeBatches.TryGet(key, out _)
            || await _store.FindBatchAsync(key, cancellationToken) is not { DoneTime: null } record)
        {
            return;
        }

        lock (_lock)
        {
            // Told before this has begun.
            if (record.StartTime > Now() && !record.Cancelled)
            {
                _next = _next < record.StartTime ? _next : record.StartTime;
                return;
            }
        }

        await _recovery.TakeUpAsync(record, cancellationToken);
    }

    // Never back behind what was begun, though the clock may be set.
    private DateTimeOffset Now() => _time.GetUtcNow() is var now && now > _begunUntil ? now : _begunUntil;

    private bool TryTakeWoken(out long key)
    {
        lock (_lock)
        {
            _changed = _changed.Task.IsCompleted ? NewSignal() : _changed;
            return _woken.TryDequeue(out key);
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        Task changed;
        var wait = Timeout.InfiniteTimeSpan;
        lock (_lock)
        {
            changed = _changed.Task;
            if (_next is { } next)
            {
                var left = next - _time.GetUtcNow();
                wait = left > LongestWait ? LongestWait : left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }

        await changed.WaitAsync(wait, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
