using System.Collections.Concurrent;
using Batching.CrashTests.Callers;
using Batching.CrashTests.Plan;

namespace Batching.CrashTests.Running;

/// <summary>One process of the server, and the clients that are connected to it. Thread-safe.</summary>
internal sealed class Incarnation : IDisposable
{
    private readonly string _address;
    private readonly CrashPlan _plan;
    private readonly ConcurrentDictionary<(int Owner, Transport Transport), ICaller> _callers = new();
    private readonly CancellationTokenSource _killed = new();

    /// <param name="number">0, 1, 2 … in the order of starts.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="plan">Has the owners.</param>
    public Incarnation(int number, string address, CrashPlan plan)
    {
        _address = address;
        _plan = plan;
        Number = number;
        Killed = _killed.Token;
    }

    public int Number { get; }

    public string Address => _address;

    /// <summary>Signalled right before the process is killed: what fails from then on is no surprise.</summary>
    public CancellationToken Killed { get; }

    public void MarkKilled() => _killed.Cancel();

    /// <summary>An owner over a transport.</summary>
    public ICaller Caller(int owner, Transport transport) =>
        _callers.GetOrAdd((owner, transport), _ => NewCaller(owner, transport));

    /// <summary>An owner over connections that nobody else uses.</summary>
    public ICaller NewCaller(int owner, Transport transport) => transport == Transport.Grpc
        ? new GrpcCaller(_address, _plan.TokenOf(owner))
        // The last owner's tokens come in the query.
        : new RestCaller(_address, _plan.TokenOf(owner), isInQuery: owner == CrashPlan.Owners - 1);

    public void Dispose()
    {
        foreach (var caller in _callers.Values)
        {
            caller.Dispose();
        }

        _killed.Dispose();
    }
}
