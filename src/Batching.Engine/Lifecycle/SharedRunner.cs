using Batching.Engine.Committing;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Lifecycle;

/// <summary>
/// Runs what this gateway claims of the work that several gateways share, and learns from the store what the others do: one look for
/// all that somebody waits for. Thread-safe.
/// </summary>
internal sealed class SharedRunner : ICommitSubscriber
{
    private const int BatchesAtATime = 64;

    // A part of its time at most that it looks.
    private const int LookShare = 4;

    // How often it is looked while somebody waits, and while nobody does.
    private static readonly TimeSpan BusyInterval = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(150);

    // How often it is looked for claims whose answer was lost.
    private static readonly TimeSpan HeldInterval = TimeSpan.FromSeconds(10);

    private readonly IBatchStore _store;
    private readonly ActiveBatches _activeBatches;
    private readonly Recovery _recovery;
    private readonly Scheduler _scheduler;
    private readonly CommitPublisher _publisher;
    private readonly ChangeNotifier _changes;
    private readonly LoadQueue _loads;
    private readonly SharedUpstreams _upstreams;
    private readonly TimeProvider _time;
    private readonly ILogger<SharedRunner> _logger;

    // Of batches that somebody reads here and others run: how many results are known, and when it was last asked for them.
    private readonly Dictionary<long, (int Finished, long Time)> _known = [];
    private volatile TaskCompletionSource _wish = NewSignal();
    private volatile bool _isNew = true;

    public SharedRunner(
        IBatchStore store,
        ActiveBatches activeBatches,
        Recovery recovery,
        Scheduler scheduler,
        CommitPublisher publisher,
        ChangeNotifier changes,
        LoadQueue loads,
        SharedUpstreams upstreams,
        TimeProvider time,
        ILogger<SharedRunner> logger)
    {
        _store = store;
        _activeBatches = activeBatches;
        _recovery = recovery;
        _scheduler = scheduler;
        _publisher = publisher;
        _changes = changes;
        _loads = loads;
        _upstreams = upstreams;
        _time = time;
        _logger = logger;
        publisher.Subscribe(this);
    }

    /// <summary>Looks, claims and runs until cancelled.</summary>
    public async Task RunAsync(ISharedWork sharing, CancellationToken cancellationToken)
    {
        _loads.WhenLow = Wake;
        _upstreams.Begin(sharing);
        var (looked, listed) = (0L, 0L);
        var pause = TimeSpan.Zero;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _wish = NewSignal();
            try
            {
                if (_isNew || _time.GetElapsedTime(looked) >= pause)
                {
                    _isNew = false;
                    looked = _time.GetTimestamp();
                    await LookAsync(sharing, cancellationToken);
                    var took = _time.GetElapsedTime(looked) * LookShare;
                    var interval = _known.Count > 0 || _activeBatches.Shared.Any() ? BusyInterval : IdleInterval;
                    pause = took > interval ? took : interval;
                }

                await ClaimRunsAsync(sharing, cancellationToken);
                if (listed == 0 || _time.GetElapsedTime(listed) >= HeldInterval)
                {
                    listed = _time.GetTimestamp();
                    await TakeUpHeldAsync(sharing, cancellationToken);
                }
            }
            catch (StoreUnavailableException exception)
            {
                // An answer may be lost: what it said is asked for again.
                listed = 0;
                RecoveryLog.ReadFailed(_logger, exception);
                await StoreRetry.WaitAsync(_time, cancellationToken);
            }

            var left = pause - _time.GetElapsedTime(looked);
            await _wish.Task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Learns of a batch that several gateways are to run.</summary>
    public void OnCommitted(StoreWrite write, ActiveBatch? batch)
    {
        if (write is StoreWrite.Accept { Batch: { IsShared: true, StartTime: null } })
        {
            _isNew = true;
            Wake();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Wake() => _wish.TrySetResult();

    private async Task LookAsync(ISharedWork sharing, CancellationToken cancellationToken)
    {
        var changes = await sharing.PollAsync(ListWatched(), _time.GetUtcNow(), cancellationToken);
        _upstreams.Take(changes);
        foreach (var (key, change) in changes.Ended)
        {
            End(key, change);
        }

        foreach (var (key, finished) in changes.Grown)
        {
            await GrowAsync(key, finished, cancellationToken);
        }

        if (changes.HasBatches)
        {
            foreach (var record in await sharing.ClaimBatchesAsync(_time.GetUtcNow(), BatchesAtATime, cancellationToken))
            {
                await _recovery.TakeUpAsync(record, cancellationToken);
            }
        }

        foreach (var key in changes.OpenBatches)
        {
            if (await FindAsync(key, cancellationToken) is { Runs: { } runs })
            {
                runs.NoteOpen();
            }
        }
    }

    private Dictionary<long, int> ListWatched()
    {
        var now = _time.GetTimestamp();
        foreach (var key in _changes.ListWatched())
        {
            _known[key] = (_known.TryGetValue(key, out var known) ? known.Finished : -1, now);
        }

        foreach (var key in _known.Where(known => _time.GetElapsedTime(known.Value.Time, now) > HeldInterval).Select(known => known.Key).ToList())
        {
            _known.Remove(key);
        }

        var watched = new Dictionary<long, int>();
        foreach (var (key, known) in _known)
        {
            // One that this gateway alone runs changes here only.
            if (!_activeBatches.TryGet(key, out var batch) || batch.Runs is not null)
            {
                watched[key] = known.Finished;
            }
        }

        foreach (var batch in _activeBatches.Shared)
        {
            watched[batch.Key] = batch.Record.Finished;
        }

        return watched;
    }

    // What this gateway has done itself comes back, too, and changes nothing more.
    private void End(long key, BatchChange change)
    {
        switch (change)
        {
            case BatchChange.Deleted:
                _publisher.Publish(new StoreWrite.Delete(key), batch: null);
                break;
            case BatchChange.Expired:
                _publisher.Publish(new StoreWrite.Expire(key), batch: null);
                Stop(key, Failure.Expired);
                break;
            default:
                Stop(key, Failure.Cancelled);
                break;
        }
    }

    private void Stop(long key, Failure reason)
    {
        if (_activeBatches.TryGet(key, out var batch))
        {
            _scheduler.Stop(batch, reason);
        }
    }

    private async Task GrowAsync(long key, int finished, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(key, out var known))
        {
            _known[key] = (finished, known.Time);
        }

        if (_activeBatches.TryGet(key, out var batch) && batch.Runs is not null)
        {
            if (await _store.FindBatchAsync(key, cancellationToken) is not { } record)
            {
                _publisher.Publish(new StoreWrite.Delete(key), batch: null);
                return;
            }

            batch.Advance(record);
            if (record.DoneTime is not null)
            {
                _activeBatches.Remove(key);
            }
        }

        _changes.Notify(key);
    }

    private async Task ClaimRunsAsync(ISharedWork sharing, CancellationToken cancellationToken)
    {
        var wanted = _activeBatches.Shared.Where(batch => batch.Runs!.IsLow)
            .ToDictionary(batch => batch.Key, batch => batch.Runs!.CountWanted());
        if (wanted.Count == 0)
        {
            return;
        }

        var claimed = (await sharing.ClaimRunsAsync(wanted, cancellationToken)).ToLookup(run => run.BatchKey);
        foreach (var (key, count) in wanted)
        {
            if (_activeBatches.TryGet(key, out var batch))
            {
                var runs = claimed[key].OrderBy(run => run.FirstIndex).ToList();
                batch.Runs!.NoteClaimed(count, runs.Count);
                await TakeUpAsync(batch, runs, cancellationToken);
            }
        }
    }

    private async Task TakeUpAsync(ActiveBatch batch, List<RequestRun> runs, CancellationToken cancellationToken)
    {
        if (runs.Count > 0)
        {
            await _recovery.TakeUpAsync(batch, runs, cancellationToken);
        }
    }

    private async Task TakeUpHeldAsync(ISharedWork sharing, CancellationToken cancellationToken)
    {
        var (batches, runs) = await sharing.ListHeldAsync(cancellationToken);
        foreach (var key in batches)
        {
            if (!_activeBatches.TryGet(key, out _)
                && await _store.FindBatchAsync(key, cancellationToken) is { DoneTime: null } record
                && !_activeBatches.TryGet(key, out _))
            {
                await _recovery.TakeUpAsync(record, cancellationToken);
            }
        }

        foreach (var held in runs.GroupBy(run => run.BatchKey))
        {
            if (await FindAsync(held.Key, cancellationToken) is { Runs: not null } batch)
            {
                await TakeUpAsync(batch, [.. held.Where(run => !batch.Runs.Has(run))], cancellationToken);
            }
        }
    }

    // Null if it is done or gone.
    private async ValueTask<ActiveBatch?> FindAsync(long key, CancellationToken cancellationToken) =>
        _activeBatches.TryGet(key, out var batch) ? batch
        : await _store.FindBatchAsync(key, cancellationToken) is { DoneTime: null } record ? _recovery.Open(record)
        : null;
}
