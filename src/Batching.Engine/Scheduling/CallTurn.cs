using Batching.Engine.Upstreams;

namespace Batching.Engine.Scheduling;

/// <summary>Work whose turn has come, with its place at the upstream. Thread-safe.</summary>
/// <param name="Queue">The queue of the upstream.</param>
/// <param name="Share">The share of the owner.</param>
/// <param name="Work">The work.</param>
/// <param name="Granted">When its turn came, as a timestamp.</param>
internal sealed record CallTurn(CallQueue Queue, OwnerShare Share, IUpstreamWork Work, long Granted)
    : ICallPlace, IThreadPoolWorkItem
{
    public TimeSpan PauseLeft => Queue.PauseLeft(Share);

    public bool PausesFor(TimeSpan retryAfter) => Queue.PausesFor(retryAfter);

    public bool TryStepAside() => Queue.TryStepAside(Share);

    public Task ReturnAsync(CancellationToken cancellationToken) => Queue.ReturnAsync(Share, cancellationToken);

    public void ReturnAnyway() => Queue.ReturnAnyway(Share);

    public void Answered() => Queue.Answered(Share);

    public void TimedOut(long sent) => Queue.TimedOut(Share, sent);

    public void Refused(long sent, TimeSpan? retryAfter) => Queue.Refused(Share, sent, retryAfter);

    public void Execute() => Queue.Begin(this);
}
