using System.Collections;
using System.Collections.Concurrent;
using Batching.Engine.Spawning;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>A batch that this gateway is working on: what of it has been begun, and how to stop it. Thread-safe.</summary>
internal sealed class ActiveBatch : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(45);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<int, Lazy<Task<SpawnerState>>> _spawners = new();
    private readonly Lock _spawnedBeforeLock = new();
    private readonly BitArray _taken;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenRegistration _abort;
    private volatile BatchRecord _record;
    private Task<ILookup<string, int>>? _spawnedBefore;
    private Failure _stopReason;
    private int _loaded;
    private int _waiting;
    private int _underWay;
    private bool _loading;
    private volatile bool _hasUnstored;
    private ITimer? _expiry;
    private bool _isOver;

    /// <param name="record">The batch as it is stored.</param>
    /// <param name="authorization">The caller's credential in plain text.</param>
    /// <param name="abort">Signalled when the gateway gives up all work.</param>
    public ActiveBatch(BatchRecord record, string? authorization, CancellationToken abort)
    {
        _record = record;
        _taken = new BitArray(record.Total);
        _abort = abort.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        Authorization = authorization;
        Origin = new OriginFields(record.Peer, record.Trace);
    }

    public long Key => _record.Key;

    public string Owner => _record.Owner;

    /// <summary>The caller's credential in plain text.</summary>
    public string? Authorization { get; }

    /// <summary>What the API is told about where the batch comes from.</summary>
    public OriginFields Origin { get; }

    /// <summary>As it was last stored. Only the committer sets it.</summary>
    public BatchRecord Record
    {
        get => _record;
        set => _record = value;
    }

    /// <summary>The store had no room for some of its results: no more are made before it has. Only the committer sets it.</summary>
    public bool HasUnstored
    {
        get => _hasUnstored;
        set => _hasUnstored = value;
    }

    /// <summary>Called back when requests that were spawned are stored.</summary>
    public Action<ActiveBatch>? Grown { private get; set; }

    /// <summary>Signalled when requests in flight are to be aborted.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Why the batch was stopped; <see cref="Failure.None"/> if it wasn't, or if the whole gateway stops.</summary>
    public Failure StopReason
    {
        get
        {
            lock (_lock)
            {
                return _stopReason;
            }
        }
    }

    /// <summary>
    /// Takes a request, to run it or to end it otherwise. Whoever gets true, and nobody else, must see to it that the
    /// request gets its result.
    /// </summary>
    public bool TryTake(int index)
    {
        lock (_lock)
        {
            return Take(index);
        }
    }

    /// <summary>Whether somebody has taken a request.</summary>
    public bool IsTaken(int index)
    {
        lock (_lock)
        {
            return _taken[index];
        }
    }

    /// <summary>Takes a request to run it; false also when the batch was stopped.</summary>
    public bool TryTakeToRun(int index)
    {
        lock (_lock)
        {
            return _stopReason == Failure.None && Take(index);
        }
    }

    /// <summary>Stops the batch: requests in flight are aborted, none is begun. True for the first call only.</summary>
    public bool TryStop(Failure reason)
    {
        lock (_lock)
        {
            if (_stopReason != Failure.None)
            {
                return false;
            }

            _stopReason = reason;
        }

        _stop.Cancel();
        return true;
    }

    /// <summary>
    /// Nothing of the batch runs any more, and the end of the gateway needn't be told to it: every batch that ever was
    /// would leave something behind there. It can still be stopped.
    /// </summary>
    public void Dispose()
    {
        _abort.Unregister();
        lock (_lock)
        {
            _isOver = true;
            _expiry?.Dispose();
        }
    }

    /// <summary>Has something done when the time of the batch is over, unless nothing of it runs by then.</summary>
    public void AtExpiry(TimeProvider time, Action expire)
    {
        var left = _record.ExpireTime - time.GetUtcNow();
        if (left > LongestTimer)
        {
            // Left to the sweep, which comes round every few seconds.
            return;
        }

        lock (_lock)
        {
            if (!_isOver)
            {
                _expiry = time.CreateTimer(
                    static expire => ((Action)expire!)(),
                    expire,
                    left > TimeSpan.Zero ? left : TimeSpan.Zero,
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>
    /// Asks for the next window of requests, if few enough are waiting. Whoever gets true must call
    /// <see cref="EndLoading"/>.
    /// </summary>
    public bool TryBeginLoading(int lowWater)
    {
        lock (_lock)
        {
            return BeginLoading(lowWater);
        }
    }

    /// <summary>How many requests there are, those not stored yet included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _taken.Length;
            }
        }
    }

    /// <summary>What is known of the queries of this batch, by the index of their spawner.</summary>
    public Task<SpawnerState> GetSpawnerAsync(int index, Func<Task<SpawnerState>> load) =>
        _spawners.GetOrAdd(index, _ => new Lazy<Task<SpawnerState>>(load)).Value;

    /// <summary>
    /// What had been spawned before the gateway took this batch up: the indexes of the pages by the id of their spawner.
    /// Empty unless the gateway was restarted meanwhile.
    /// </summary>
    public Task<ILookup<string, int>> GetSpawnedBeforeAsync(Func<Task<ILookup<string, int>>> load)
    {
        lock (_spawnedBeforeLock)
        {
            return _spawnedBefore ??= load();
        }
    }

    /// <summary>Adds a request that was spawned, and returns its index. Only the committer calls it.</summary>
    /// <param name="taken">Somebody has taken it already; else it is loaded once it is stored.</param>
    public int AddSpawned(bool taken)
    {
        lock (_lock)
        {
            var index = _taken.Length++;
            _taken[index] = taken;
            return index;
        }
    }

    /// <summary>Requests that were spawned are stored.</summary>
    public void OnGrown() => Grown?.Invoke(this);

    /// <summary>The index of the first request that was not loaded yet.</summary>
    public int NextToLoad
    {
        get
        {
            lock (_lock)
            {
                return _loaded;
            }
        }
    }

    /// <summary>Loading has come as far as a request, which is still to be loaded.</summary>
    public void CountLoaded(int nextToLoad)
    {
        lock (_lock)
        {
            _loaded = nextToLoad;
        }
    }

    /// <summary>Counts a request that was loaded and now waits for its upstream.</summary>
    public void CountWaiting()
    {
        lock (_lock)
        {
            _waiting++;
        }
    }

    /// <summary>Takes a request, which waits for its upstream no more, to run it.</summary>
    /// <param name="index">Which one.</param>
    /// <param name="lowWater">As for <see cref="TryBeginLoading"/>.</param>
    /// <param name="needsMore">What <see cref="TryBeginLoading"/> would return now.</param>
    /// <returns>False if somebody else has taken it, or the batch was stopped.</returns>
    public bool TryTakeFromQueue(int index, int lowWater, out bool needsMore)
    {
        lock (_lock)
        {
            _waiting--;
            needsMore = BeginLoading(lowWater);
            return _stopReason == Failure.None && Take(index);
        }
    }

    /// <summary>A request is about to be sent.</summary>
    public void CountBegun() => Interlocked.Increment(ref _underWay);

    /// <summary>A request was answered, or given up. False if no other is under way.</summary>
    public bool CountEnded() => Interlocked.Decrement(ref _underWay) > 0;

    /// <summary>Ends what <see cref="TryBeginLoading"/> began.</summary>
    public void EndLoading(int nextToLoad)
    {
        lock (_lock)
        {
            _loading = false;
            _loaded = Math.Max(_loaded, nextToLoad);
        }
    }

    private bool BeginLoading(int lowWater)
    {
        if (_loading || _waiting > lowWater || _stopReason != Failure.None)
        {
            return false;
        }

        // After a restart most of a batch may be finished: nobody reads that again to find out.
        while (_loaded < _taken.Length && _taken[_loaded])
        {
            _loaded++;
        }

        return _loading = _loaded < _record.Total;
    }

    private bool Take(int index)
    {
        if (_taken[index])
        {
            return false;
        }

        _taken[index] = true;
        return true;
    }
}
