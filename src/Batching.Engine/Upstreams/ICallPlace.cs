namespace Batching.Engine.Upstreams;

/// <summary>
/// The place of a call among those that its upstream gets at a time. Who makes the call has it from the start to the end of the
/// call, and tells here what comes of each attempt, so that the limits of the owner and of the upstream follow from that.
/// Thread-safe.
/// </summary>
internal interface ICallPlace
{
    /// <summary>The time for which no attempt may be made; zero if none is kept waiting.</summary>
    TimeSpan PauseLeft { get; }

    /// <summary>Whether a <c>Retry-After</c> of that length pauses for all of it.</summary>
    bool PausesFor(TimeSpan retryAfter);

    /// <summary>
    /// Leaves the place to others until the next attempt. False if so many calls have done so already that this one has to
    /// keep it.
    /// </summary>
    bool TryStepAside();

    /// <summary>Takes a place for the next attempt, before what the owner has waiting.</summary>
    /// <exception cref="OperationCanceledException">It was not taken.</exception>
    Task ReturnAsync(CancellationToken cancellationToken);

    /// <summary>Takes a place whether there is one or not, for a call that has stepped aside and is over.</summary>
    void ReturnAnyway();

    /// <summary>An attempt was answered as it should be.</summary>
    void Answered();

    /// <summary>An attempt was not answered in time.</summary>
    /// <param name="sent">When it was sent, as a timestamp.</param>
    void TimedOut(long sent);

    /// <summary>An attempt was answered by a 429 or 503.</summary>
    /// <param name="sent">When it was sent, as a timestamp.</param>
    /// <param name="retryAfter">How long the upstream asks to be left alone, if it does.</param>
    void Refused(long sent, TimeSpan? retryAfter);
}
