namespace Batching.Engine.Upstreams;

/// <summary>
/// How far a call has come, over all its attempts, when it must have ended, and what its upstream's places are told of
/// it. Serves one call after the other. Not thread-safe, but that a call may be cancelled at any time.
/// </summary>
internal sealed class CallProgress : IDisposable
{
    /// <summary>How often the request of a call may be sent, whoever sends it again.</summary>
    public const int MaxSends = 3;

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _cancel;
    private CallPlaces? _places;
    private bool _hasPlace;
    private long? _sent;
    private int _sends;

    /// <param name="time">Tells the time.</param>
    public CallProgress(TimeProvider time)
    {
        _time = time;
        _cancel = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>The places of the upstream.</summary>
    public CallPlaces Places => _places ?? throw new InvalidOperationException("No call was started.");

    /// <summary>When the call must have ended, as a timestamp.</summary>
    public long Deadline { get; private set; }

    /// <summary>Whether the request may be sent once more.</summary>
    public bool MaySend => _sends < MaxSends;

    /// <summary>Signalled when the time is over, or the call is not wanted any more.</summary>
    public CancellationToken Cancelled => _cancel.Token;

    /// <summary>A call begins.</summary>
    /// <param name="places">Of the upstream; the call begins with one of them.</param>
    /// <param name="timeout">When it must have ended.</param>
    public void Start(CallPlaces places, TimeSpan timeout)
    {
        _places = places;
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
            await Places.EnterAsync(cancellationToken);
            _hasPlace = true;
        }
    }

    /// <summary>Leaves the place to others for as long as the call waits for its next attempt.</summary>
    public void LeavePlace()
    {
        _hasPlace = false;
        _sent = null;
        Places.Leave();
    }

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
                Places.Overloaded(_sent!.Value, reply.RetryAfter);
                break;
            case 502 or 504:
                // Something between has answered, or this gateway: it says nothing about the API's strength.
                break;
            default:
                Places.Answered();
                break;
        }

        _sent = null;
    }

    /// <summary>The time is over: if an attempt was under way, it was not answered in time.</summary>
    public void CountTimeout()
    {
        if (_sent is { } sent)
        {
            Places.Overloaded(sent, retryAfter: null);
            _sent = null;
        }
    }

    /// <summary>The call ends as it has begun, with a place, whatever it has come to.</summary>
    /// <returns>Whether another call may be started: not after one that was cancelled, or was about to be.</returns>
    public bool TryEnd()
    {
        if (!_hasPlace)
        {
            Places.TakeAnyway();
        }

        return _cancel.TryReset();
    }

    public void Dispose() => _cancel.Dispose();
}
