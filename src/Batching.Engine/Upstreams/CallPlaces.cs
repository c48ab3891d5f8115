using Batching.Engine.Scheduling;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The places of an upstream: who wants to call it takes one, and gives it back. There are as many as are configured
/// while the upstream keeps up, half as many each time it shows that it doesn't, and then slowly more again; none for as
/// long as it asks to be left alone. Thread-safe.
/// </summary>
internal sealed class CallPlaces : IDisposable
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly int _max;
    private readonly bool _adapts;
    private readonly TimeSpan _maxPause;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _resume;
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiting = new();
    private long _pausedUntil = long.MinValue;
    private long _lastCut = long.MinValue;
    private long _lastLog;
    private int _limit;
    private int _logged;
    private int _inFlight;
    private int _answers;
    private bool _paused;

    public CallPlaces(UpstreamOptions options, TimeProvider time, ILogger logger)
    {
        _name = options.Prefix;
        _max = options.MaxConcurrency;
        _adapts = options.AdaptiveConcurrency;
        _maxPause = options.MaxPause;
        _time = time;
        _logger = logger;
        _limit = _logged = _max;
        _lastLog = time.GetTimestamp() - (long)(LogInterval.TotalSeconds * time.TimestampFrequency);
        _resume = time.CreateTimer(
            static places => ((CallPlaces)places!).Resume(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many places there are at the moment, at least 1.</summary>
    public int Limit => Volatile.Read(ref _limit);

    /// <summary>How many are taken. More than <see cref="Limit"/> for a while when that has fallen.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>How long nobody gets a place; zero if nobody is kept waiting.</summary>
    public TimeSpan PauseLeft
    {
        get
        {
            lock (_lock)
            {
                return _paused ? _time.GetElapsedTime(_time.GetTimestamp(), _pausedUntil) : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Whether a <c>Retry-After</c> of that length pauses the upstream for all of it.</summary>
    public bool PausesFor(TimeSpan retryAfter) => retryAfter <= _maxPause;

    /// <summary>Takes a place, as soon as there is one.</summary>
    /// <exception cref="OperationCanceledException">It was not taken.</exception>
    public ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_waiting.Count == 0 && HasRoom)
            {
                _inFlight++;
                return ValueTask.CompletedTask;
            }

            _waiting.Enqueue(waiter = new Waiter());
        }

        return new ValueTask(waiter.WaitAsync(cancellationToken));
    }

    /// <summary>Gives a place back.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _inFlight--;
            Grant();
        }
    }

    /// <summary>Takes a place whether there is one or not, for who must give one back that it does not have.</summary>
    public void TakeAnyway()
    {
        lock (_lock)
        {
            _inFlight++;
        }
    }

    /// <summary>A call was answered as it should be.</summary>
    public void Answered()
    {
        if (Volatile.Read(ref _limit) == _max)
        {
            return;
        }

        lock (_lock)
        {
            // Calls that had room enough say nothing about more of them. One place more for a round of answers.
            if (_limit == _max || _waiting.Count == 0 || ++_answers < _limit)
            {
                return;
            }

            _answers = 0;
            _limit++;
            Log();
            Grant();
        }
    }

    /// <summary>The upstream has shown that it can't keep up: by a 429 or 503, or by no answer in time.</summary>
    /// <param name="sent">When the call was sent, as a timestamp.</param>
    /// <param name="retryAfter">How long it asks to be left alone, if it does.</param>
    public void Overloaded(long sent, TimeSpan? retryAfter)
    {
        lock (_lock)
        {
            // A call sent before the last cut says nothing about the places there are since.
            if (_adapts && sent > _lastCut)
            {
                _lastCut = _time.GetTimestamp();
                _answers = 0;
                _limit = Math.Max(1, _limit / 2);
                Log();
            }

            if (retryAfter is { } wanted)
            {
                Pause(wanted < _maxPause ? wanted : _maxPause);
            }
        }
    }

    public void Dispose() => _resume.Dispose();

    private bool HasRoom => !_paused && _inFlight < _limit;

    private void Grant()
    {
        while (HasRoom && _waiting.TryDequeue(out var waiter))
        {
            // Counted first: whoever was waiting goes on at once.
            _inFlight++;
            if (!waiter.TrySetResult())
            {
                _inFlight--;
            }
        }
    }

    private void Pause(TimeSpan pause)
    {
        var until = _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency);
        if (pause <= TimeSpan.Zero || until <= _pausedUntil)
        {
            return;
        }

        if (!_paused)
        {
            CallPlacesLog.Paused(_logger, _name, pause);
        }

        _paused = true;
        _pausedUntil = until;
        _resume.Change(pause, Timeout.InfiniteTimeSpan);
    }

    private void Resume()
    {
        lock (_lock)
        {
            // The pause was prolonged meanwhile, or the timer is a little early.
            var left = _time.GetElapsedTime(_time.GetTimestamp(), _pausedUntil);
            if (left > TimeSpan.Zero)
            {
                _resume.Change(
                    TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
                return;
            }

            _paused = false;
            Grant();
        }
    }

    // What changes much, and not every turn of an upstream that is at its limit all the time.
    private void Log()
    {
        if ((_limit > _logged / 2 && _limit < 2 * _logged && (_limit < _max || _logged == _max))
            || _time.GetElapsedTime(_lastLog) < LogInterval)
        {
            return;
        }

        CallPlacesLog.LimitChanged(_logger, _name, _logged, _limit, _max);
        _logged = _limit;
        _lastLog = _time.GetTimestamp();
    }
}
