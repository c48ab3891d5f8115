using Batching.Engine.Quotas;

namespace Batching.Engine.Scheduling;

/// <summary>
/// One owner at one upstream: what of it waits, how many of its calls are under way, and how many may be. Belongs to the
/// upstream's <see cref="CallQueue"/>, which guards it.
/// </summary>
/// <param name="owner">Whose share it is.</param>
/// <param name="max">How many of its calls may be under way at most.</param>
internal sealed class OwnerShare(string owner, int max)
{
    public string Owner => owner;

    /// <summary>The number of its calls that may be under way.</summary>
    public AdaptiveLimit Limit { get; } = new(max);

    /// <summary>The work that was not begun yet.</summary>
    public BatchTurns<IUpstreamWork> Work { get; } = new();

    /// <summary>Calls that want a place for another attempt.</summary>
    public Queue<QueueTicket> Repeats { get; } = new();

    /// <summary>Calls that have a place.</summary>
    public int InFlight { get; set; }

    /// <summary>Calls that have left their place until their next attempt.</summary>
    public int Aside { get; set; }

    /// <summary>Whether it is in the queue of those whose turn comes.</summary>
    public bool IsInTurns { get; set; }

    /// <summary>Whether nothing of it waits or is under way.</summary>
    public bool IsIdle { get; set; }

    /// <summary>The time at which it is forgotten then, as a timestamp.</summary>
    public long ForgottenAt { get; set; }

    /// <summary>In which window of refusals it was counted last.</summary>
    public int RefusalWindow { get; set; }

    /// <summary>Whether its own limit lets one call more go.</summary>
    public bool MayCall => !Limit.IsPaused && InFlight < Limit.Value;

    /// <summary>Whether nothing of it waits or is under way, on hold or not.</summary>
    public bool IsOver => InFlight == 0 && Aside == 0 && Work.IsEmpty && Repeats.Count == 0;
}
