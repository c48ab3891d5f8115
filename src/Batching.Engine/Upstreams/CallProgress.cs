namespace Batching.Engine.Upstreams;

/// <summary>
/// How far a call has come, over all its attempts, and what its upstream's places are told of it. Not thread-safe.
/// </summary>
/// <param name="places">Of the upstream; the call begins with one of them.</param>
/// <param name="deadline">When the call must have ended, as a timestamp.</param>
internal sealed class CallProgress(CallPlaces places, long deadline)
{
    private bool _hasPlace = true;
    private long? _sent;

    /// <summary>The places of the upstream.</summary>
    public CallPlaces Places => places;

    /// <summary>When the call must have ended, as a timestamp.</summary>
    public long Deadline => deadline;

    /// <summary>Takes a place for the next attempt, if the call has none.</summary>
    public async ValueTask TakePlaceAsync(CancellationToken cancellationToken)
    {
        if (!_hasPlace)
        {
            await places.EnterAsync(cancellationToken);
            _hasPlace = true;
        }
    }

    /// <summary>Leaves the place to others for as long as the call waits for its next attempt.</summary>
    public void LeavePlace()
    {
        _hasPlace = false;
        _sent = null;
        places.Leave();
    }

    /// <summary>An attempt is sent.</summary>
    public void Begin(long now) => _sent = now;

    /// <summary>It was answered.</summary>
    public void Count(UpstreamReply reply)
    {
        switch (reply.StatusCode)
        {
            case 429 or 503 when reply.Failure == Failure.None:
                places.Overloaded(_sent!.Value, reply.RetryAfter);
                break;
            case 502 or 504:
                // Something between has answered, or this gateway: it says nothing about the API's strength.
                break;
            default:
                places.Answered();
                break;
        }

        _sent = null;
    }

    /// <summary>The time is over: if an attempt was under way, it was not answered in time.</summary>
    public void CountTimeout()
    {
        if (_sent is { } sent)
        {
            places.Overloaded(sent, retryAfter: null);
            _sent = null;
        }
    }

    /// <summary>The call ends as it has begun, with a place, whatever it has come to.</summary>
    public void End()
    {
        if (!_hasPlace)
        {
            places.TakeAnyway();
        }
    }
}
