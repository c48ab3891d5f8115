using System.Globalization;
using Batching.CrashTests.Callers;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Running;

/// <summary>What all who play in a run share. Thread-safe.</summary>
internal sealed class Stage(CrashPlan plan)
{
    private KillTrigger? _trigger;

    public CrashPlan Plan => plan;

    public CrashHistory History { get; } = new();

    public ServerSlot Servers { get; } = new();

    /// <summary>Where owners are told of their batches.</summary>
    public string NotifyUrl { get; set; } = "";

    /// <summary>The store was killed a moment ago, so that calls fail at servers that live.</summary>
    public bool IsStoreAway { get; set; }

    /// <summary>Decides about the kill of the server that is alive; null for none.</summary>
    public KillTrigger? Trigger
    {
        set => Volatile.Write(ref _trigger, value);
    }

    /// <summary>Something has happened that a kill may follow.</summary>
    public void Count(KillMoment moment) => Volatile.Read(ref _trigger)?.Count(moment);

    /// <summary>Notes a failed call, if its server was alive and should have answered.</summary>
    public void AddFailure(Incarnation server, string what, CallFailedException failure)
    {
        if (!server.Killed.IsCancellationRequested && !IsStoreAway)
        {
            History.Add(History.Surprises, string.Create(
                CultureInfo.InvariantCulture, $"server {server.Number}, {what}: {failure.Message}"));
        }
    }
}
