using Batching.Engine.Model;

namespace Batching.Engine.Upstreams;

/// <summary>
/// The progress of a call over all its attempts: when it must have ended, and what the queue of its upstream is told of
/// it. Serves one call after the other. Not thread-safe, but that a call may be cancelled at any time.
/// </summary>
internal sealed class CallProgress : IDisposable
{
    /// <summary>The number of times that the request of a call may be sent, whoever sends it again.</summary>
    public const int MaxSends = 3;

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancel;
    private ICallPlace? _place;
    private bool _hasPlace;
    private long? _sent;
    private int _sends;

    /// <param name="time">Tells the time.</param>
    public CallProgress(TimeProvider time)
    {
        _time = time;
        _cancel = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>The time for which no attempt may be made; zero if the call needn't wait.</summary>
    public TimeSpan PauseLeft => Place.PauseLeft;

    /// <summary>The time by which the call must have ended, as a timestamp.</summary>
    public long Deadline { get; private set; }

    /// <summary>The number of times that the request was sent.</summary>
    public int Sends => _sends;

    /// <summary>Whether the request may be sent once more.</summary>
    public bool MaySend => _sends < MaxSends;

    /// <summary>Signalled when the time is over, or the call is not wanted any more.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>A call begins.</summary>
    /// <param name="place">Its place at the upstream.</param>
    /// <param name="timeout">When it must have ended.</param>
    public void Start(ICallPlace place, TimeSpan timeout)
    {
        _place = place;
        _hasPlace = true;
        _sent = null;
        _sends = 0;
        Deadline = _time.GetTimestamp() + (long)(timeout.TotalSeconds * _time.TimestampFrequency);
        _cancel.CancelAfter(timeout);
    }

    /// <summary>The call is not wanted any more.</summary>
    public void Cancel() => _cancel.Cancel();

    /// <summary>Takes a place for the next attempt, if the call has none.</summary>
    public async ValueTask TakePlaceAsync(CancellationToken cancellationToken)
    {
        if (!_hasPlace)
        {
            await Place.ReturnAsync(cancellationToken);
            _hasPlace = true;
        }
    }

    /// <summary>Leaves the place to others, where that may be, for as long as the call waits for its next attempt.</summary>
    public void LeavePlace()
    {
        _sent = null;
        _hasPlace = !Place.TryStepAside();
    }

    /// <summary>Leaves the place to others while the call waits for another one with the same request.</summary>
    /// <returns>False if it has to keep the place, and so must not wait: the other call may need one.</returns>
    public bool TryLeavePlace()
    {
        LeavePlace();
        return !_hasPlace;
    }

    /// <summary>Whether the wait for a place is as long as a <c>Retry-After</c> asks for.</summary>
    public bool IsPausedFor(TimeSpan retryAfter) => Place.PausesFor(retryAfter);

    /// <summary>An attempt is sent.</summary>
    public void Begin(long now) => _sent = now;

    /// <summary>Counts a send that is about to happen, if there may be one.</summary>
    public bool TrySend()
    {
        if (!MaySend)
        {
            return false;
        }

        _sends++;
        return true;
    }

    /// <summary>It was answered.</summary>
    public void Count(UpstreamReply reply)
    {
        switch (reply.StatusCode)
        {
            case 429 or 503 when reply.Failure == Failure.None:
                Place.Refused(_sent!.Value, reply.RetryAfter);
                break;
            case 502 or 504:
                // Something between has answered, or this gateway: it says nothing about the API's strength.
                break;
            default:
                Place.Answered();
                break;
        }

        _sent = null;
    }

    /// <summary>The time is over: if an attempt was under way, it was not answered in time.</summary>
    public void CountTimeout()
    {
        if (_sent is { } sent)
        {
            Place.TimedOut(sent);
            _sent = null;
        }
    }

    /// <summary>The call ends as it has begun, with a place, whatever it has come to.</summary>
    /// <returns>Whether another call may be started: not after one that was cancelled, or was about to be.</returns>
    public bool TryEnd()
    {
        if (!_hasPlace)
        {
            Place.ReturnAnyway();
        }

        return _cancel.TryReset();
    }

    public void Dispose() => _cancel.Dispose();

    private ICallPlace Place => _place ?? throw new InvalidOperationException("No call was started.");
}
