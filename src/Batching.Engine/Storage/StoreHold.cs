namespace Batching.Engine.Storage;

/// <summary>
/// The right of this gateway to act for its store, by its own clocks. A store that one gateway alone can open is held for good. A
/// store that several may open is held for a time, which is prolonged again and again; whoever can't be sure that nobody else
/// holds it by now may begin nothing. Thread-safe.
/// </summary>
public sealed class StoreHold : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly TimeProvider? _time;
    private volatile Term? _term;
    private volatile bool _isInDoubt;
    private TaskCompletionSource _certain = NewSignal();
    private Action? _regained;

    private StoreHold()
    {
    }

    /// <summary>A hold that begins with the first <see cref="Prolong"/>.</summary>
    /// <param name="time">The clock.</param>
    public StoreHold(TimeProvider time) => _time = time;

    /// <summary>The hold of a store that nobody else can open.</summary>
    public static StoreHold Always { get; } = new();

    /// <summary>Whether nobody else can hold the store at this moment.</summary>
    public bool IsCertain => _time is null || (!_isInDoubt && !IsLost && Left > TimeSpan.Zero);

    /// <summary>Whether somebody else has taken the store over. That is for good: what this gateway holds of it is out of date.</summary>
    public bool IsLost => _lost.IsCancellationRequested;

    /// <summary>Signalled when somebody else has taken the store over.</summary>
    public CancellationToken Lost => _time is null ? CancellationToken.None : _lost.Token;

    /// <summary>For operators, the name under which the store knows this gateway, such as <c>PostgreSQL, gateway 7</c>; null if it has none.</summary>
    public string? Name { get; private set; }

    /// <summary>The time that is left until it has to be prolonged; null for one that is for good.</summary>
    public TimeSpan? TimeLeft => _time is null ? null : Left;

    // By the clock that knows of no corrections, and by the one that goes on while a machine sleeps.
    private TimeSpan Left
    {
        get
        {
            if (_term is not { } term)
            {
                return TimeSpan.Zero;
            }

            var passed = _time!.GetElapsedTime(term.Timestamp);
            var byDate = _time.GetUtcNow() - term.Time;
            return term.Length - (byDate > passed ? byDate : passed);
        }
    }

    /// <summary>The moment from which a time counts that the store is about to be asked for.</summary>
    public Moment Now() => new(_time!.GetTimestamp(), _time.GetUtcNow());

    /// <summary>The store has given this gateway more time.</summary>
    /// <param name="from">The moment before it was asked: it may have counted from then on.</param>
    /// <param name="length">How long from then on nobody else takes the store.</param>
    /// <param name="name">The value of <see cref="Name"/>.</param>
    public void Prolong(Moment from, TimeSpan length, string name)
    {
        Name = name;
        Change(() => _term = new Term(from.Timestamp, from.Time, length));
    }

    /// <summary>It is not known whether a change was made: nothing may be begun until it is.</summary>
    public void Doubt() => _isInDoubt = true;

    /// <summary>That is known.</summary>
    public void EndDoubt() => Change(() => _isInDoubt = false);

    /// <summary>Somebody else has taken the store over.</summary>
    public void Lose()
    {
        if (_time is not null)
        {
            _lost.Cancel();
        }
    }

    /// <summary>Waits until nobody else can hold the store.</summary>
    public async ValueTask WaitUntilCertainAsync(CancellationToken cancellationToken)
    {
        while (!IsCertain)
        {
            Task certain;
            lock (_lock)
            {
                if (_certain.Task.IsCompleted)
                {
                    _certain = NewSignal();
                }

                certain = _certain.Task;
            }

            if (!IsCertain)
            {
                await certain.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Has an action called each time that the hold is certain again after it was not, or was not yet.</summary>
    public void OnRegained(Action action)
    {
        if (_time is not null)
        {
            lock (_lock)
            {
                _regained += action;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_time is not null)
        {
            _lost.Dispose();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        Action? regained;
        lock (_lock)
        {
            var wasCertain = IsCertain;
            change();
            if (wasCertain || !IsCertain)
            {
                return;
            }

            _certain.TrySetResult();
            regained = _regained;
        }

        regained?.Invoke();
    }

    /// <summary>A moment by both clocks.</summary>
    /// <param name="Timestamp">By the one that knows of no corrections.</param>
    /// <param name="Time">By the other.</param>
    public readonly record struct Moment(long Timestamp, DateTimeOffset Time);

    private sealed record Term(long Timestamp, DateTimeOffset Time, TimeSpan Length);
}
