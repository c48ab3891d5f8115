using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Quotas;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>
/// Runs what waits for an upstream: as much at a time as its limiter allows, in turn over the owners, then over their
/// batches. Thread-safe.
/// </summary>
/// <remarks>
/// Longer than other files: whatever changes whose turn it is happens under one lock, and is kept together to be read together.
/// </remarks>
internal sealed class CallQueue : IDisposable
{
    private readonly AdaptiveConcurrencyLimiter _limiter;
    private readonly int? _total;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Queue<OwnerShare> _turns = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _nextTick = long.MaxValue;
    private int _waiting;
    private int _running;
    private bool _isOpen;
    private bool _isClosed;

    public CallQueue(UpstreamOptions options, TimeProvider time, ILogger logger, UpstreamMetrics? metrics = null)
    {
        _limiter = new AdaptiveConcurrencyLimiter(options, time, logger, metrics);
        _total = options.MaxConcurrencyTotal;
        _time = time;
        _timer = time.CreateTimer(
            static queue => ((CallQueue)queue!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.Limit"/>
    public int Limit
    {
        get
        {
            lock (_lock)
            {
                return _limiter.Limit;
            }
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.InFlight"/>
    public int InFlight => _limiter.InFlight;

    /// <summary>The number of things that wait to be begun.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>The number of owners that there is anything to know about.</summary>
    public int Owners
    {
        get
        {
            lock (_lock)
            {
                return _limiter.Owners.Count;
            }
        }
    }

    /// <summary>Completes when nothing runs any more, after <see cref="Close"/>.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins to run what waits.</summary>
    public void Open()
    {
        lock (_lock)
        {
            _isOpen = true;
            foreach (var share in _limiter.Owners.All)
            {
                Settle(share);
            }

            Grant(out _);
        }
    }

    /// <summary>Begins nothing more. What runs goes on, with all its attempts.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isOpen = false;
            _isClosed = true;
            EndIfClosed();
        }
    }

    /// <summary>Has something run when its turn comes, behind the others of its batch.</summary>
    /// <param name="owner">Whose it is.</param>
    /// <param name="batchKey">Its batch.</param>
    /// <param name="work">What is run.</param>
    /// <param name="priority">That of its batch among those of its owner.</param>
    public void Enqueue(string owner, long batchKey, IUpstreamWork work, int priority = BatchRecord.DefaultPriority)
    {
        lock (_lock)
        {
            var share = _limiter.Owners.Of(owner);
            share.Work.Enqueue(batchKey, priority, work);
            _waiting++;
            Settle(share);
            Grant(out _);
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.PauseLeft(OwnerShare)"/>
    public TimeSpan PauseLeft(OwnerShare share)
    {
        lock (_lock)
        {
            return _limiter.PauseLeft(share);
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.WhenPaused"/>
    public Action<string?, TimeSpan>? WhenPaused
    {
        set => _limiter.WhenPaused = value;
    }

    /// <summary>Divides what the upstream gets of all gateways, where that is limited.</summary>
    /// <param name="gateways">How many gateways there are.</param>
    /// <param name="rank">The place of this one among them, from 0 on.</param>
    public void Divide(int gateways, int rank)
    {
        if (_total is not { } total || gateways < 1)
        {
            return;
        }

        lock (_lock)
        {
            _limiter.Part = Math.Max(1, (total / gateways) + (rank < total % gateways ? 1 : 0));
            Grant(out _);
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.PauseFor"/>
    public void PauseFor(string? owner, TimeSpan pause)
    {
        lock (_lock)
        {
            var share = owner is null ? null : _limiter.Owners.Of(owner);
            _limiter.PauseFor(share, pause);
            TickAtEnd(share?.Limit ?? _limiter.Upstream);
            if (share is not null)
            {
                Settle(share);
            }
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.PausesFor"/>
    public bool PausesFor(TimeSpan retryAfter) => _limiter.PausesFor(retryAfter);

    /// <summary>
    /// Leaves a call's place to others until its next attempt. False if so many have done so already that it has to keep
    /// it.
    /// </summary>
    public bool TryStepAside(OwnerShare share)
    {
        lock (_lock)
        {
            if (!_limiter.MayStepAside)
            {
                return false;
            }

            _limiter.Count(share, inFlight: -1, aside: 1);
            Settle(share);
            Grant(out _);
            return true;
        }
    }

    /// <summary>Takes a place for the next attempt of a call that has stepped aside, before what the owner has waiting.</summary>
    /// <exception cref="OperationCanceledException">It was not taken.</exception>
    public Task ReturnAsync(OwnerShare share, CancellationToken cancellationToken)
    {
        var waiter = new QueueTicket();
        lock (_lock)
        {
            share.Repeats.Enqueue(waiter);
            Settle(share);
            Grant(out _);
        }

        return waiter.WaitAsync(cancellationToken);
    }

    /// <summary>Takes a place whether there is one or not, for a call that has stepped aside and is over.</summary>
    public void ReturnAnyway(OwnerShare share)
    {
        lock (_lock)
        {
            _limiter.Count(share, inFlight: 1, aside: -1);
        }
    }

    /// <summary>A call was answered as it should be.</summary>
    public void Answered(OwnerShare share)
    {
        if (share.Limit.IsFull && _limiter.Upstream.IsFull)
        {
            return;
        }

        lock (_lock)
        {
            _limiter.Answered(share, HasNext(share), _waiting > 0);
            Settle(share);
            Grant(out _);
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.TimedOut"/>
    public void TimedOut(OwnerShare share, long sent)
    {
        lock (_lock)
        {
            _limiter.TimedOut(share, sent);
        }
    }

    /// <inheritdoc cref="AdaptiveConcurrencyLimiter.Refused"/>
    public void Refused(OwnerShare share, long sent, TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            _limiter.Refused(share, sent, retryAfter);
            TickAtEnd(share.Limit);
            TickAtEnd(_limiter.Upstream);
        }
    }

    public void Dispose() => _timer.Dispose();

    private bool HasNext(OwnerShare share) => share.Repeats.Count > 0 || (_isOpen && !share.Work.IsEmpty);

    // After every change of an owner: its turn comes if it has anything that may be begun.
    private void Settle(OwnerShare share)
    {
        if (share.IsInTurns || share.IsIdle)
        {
            return;
        }

        if (HasNext(share) && share.MayCall)
        {
            share.IsInTurns = true;
            _turns.Enqueue(share);
        }
        else if (share.IsOver && _limiter.Owners.Retire(share, _time.GetTimestamp()))
        {
            TickAt(share.ForgottenAt);
        }
    }

    // Gives places to those whose turn it is while there are any. The first work is for who asks, if it can run it.
    private bool Grant([NotNullWhen(true)] out CallTurn? first, bool takesOne = false)
    {
        first = null;
        while (TryFindNext(out var share))
        {
            if (share.Repeats.TryDequeue(out var waiter))
            {
                // Counted first: whoever was waiting goes on at once.
                _limiter.Count(share, inFlight: 1, aside: -1);
                if (!waiter.TrySetResult())
                {
                    _limiter.Count(share, inFlight: -1, aside: 1);
                }
            }
            else
            {
                _limiter.Count(share, inFlight: 1);
                _waiting--;
                _running++;
                var turn = new CallTurn(this, share, share.Work.Dequeue(), _time.GetTimestamp());
                if (takesOne && first is null)
                {
                    first = turn;
                }
                else
                {
                    ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);
                }
            }

            Settle(share);
        }

        return first is not null;
    }

    private bool TryFindNext([NotNullWhen(true)] out OwnerShare? share)
    {
        // Passed over are only owners who have calls under way: never more than there are places.
        for (var left = _limiter.HasRoom ? _turns.Count : 0; left > 0; left--)
        {
            share = _turns.Dequeue();
            if (!_limiter.LeavesEnough(share))
            {
                _turns.Enqueue(share);
                continue;
            }

            share.IsInTurns = false;
            if (share.MayCall && HasNext(share))
            {
                return true;
            }

            // Comes back when that changes.
            Settle(share);
        }

        share = null;
        return false;
    }

    /// <summary>Begins with a turn as soon as there is a processor for it.</summary>
    public void Begin(CallTurn turn)
    {
        if (AdaptiveConcurrencyLimiter.IsLate(_time.GetElapsedTime(turn.Granted)))
        {
            lock (_lock)
            {
                _limiter.BeganLate();
            }
        }

        _ = RunAsync(turn);
    }

    /// <summary>Runs what a turn is for, and then what comes next in its place, until nothing does.</summary>
    public async Task RunAsync(CallTurn turn)
    {
        for (var next = turn; next is not null; next = MoveOn(next.Share))
        {
            await next.Work.RunAsync(next);
        }
    }

    // A place is given back, and whoever had it goes on with what is next.
    private CallTurn? MoveOn(OwnerShare share)
    {
        lock (_lock)
        {
            _running--;
            _limiter.Count(share, inFlight: -1);
            Settle(share);
            Grant(out var next, takesOne: true);
            EndIfClosed();
            return next;
        }
    }

    private void EndIfClosed()
    {
        if (_isClosed && _running == 0)
        {
            _ended.TrySetResult();
        }
    }

    private void TickAtEnd(AdaptiveLimit limit)
    {
        if (limit.IsPaused)
        {
            TickAt(limit.PausedUntil);
        }
    }

    private void TickAt(long due)
    {
        if (due < _nextTick)
        {
            // Rounded up, as a timer knows whole milliseconds.
            var left = _time.GetElapsedTime(_time.GetTimestamp(), due).TotalMilliseconds;
            _nextTick = due;
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, left))), Timeout.InfiniteTimeSpan);
        }
    }

    // Ends pauses and forgets owners whose time has come, and finds out when the next one's comes.
    private void Tick()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            _nextTick = long.MaxValue;
            _limiter.Upstream.Resume(now);
            TickAtEnd(_limiter.Upstream);
            foreach (var share in _limiter.Owners.All)
            {
                share.Limit.Resume(now);
                if (!share.IsIdle)
                {
                    TickAtEnd(share.Limit);
                    Settle(share);
                }
                else if (!_limiter.Owners.TryForget(share, now))
                {
                    TickAt(share.ForgottenAt);
                }
            }

            Grant(out _);
        }
    }
}
