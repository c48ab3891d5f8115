using Batching.Engine.Committing;
using Batching.Engine.Storage;

namespace Batching.Engine.Hosting;

/// <summary>Tells whether the engine can do its work. Thread-safe.</summary>
public sealed class EngineHealth
{
    private readonly StoreHealth _store;
    private readonly ServingState _state;

    internal EngineHealth(StoreHealth store, StoreHold hold, ServingState state)
    {
        _store = store;
        _state = state;
        Hold = hold;
    }

    /// <summary>
    /// Whether anything can be stored, as far as the last attempts tell: false from one that failed until one that did not,
    /// and for 10 s at most, so that somebody tries again.
    /// </summary>
    public bool CanStore => !_store.IsFailing;

    /// <summary>The hold on the store.</summary>
    public StoreHold Hold { get; }

    /// <summary>The part of this gateway among those that are started on the store. Calls are served by an active one only.</summary>
    public GatewayRole Role => Hold.IsLost ? GatewayRole.Lost
        : !_state.IsActive ? GatewayRole.StandingBy
        : Hold.IsCertain ? GatewayRole.Active
        : GatewayRole.Uncertain;

    /// <summary>Whether a part of the engine has failed, for which the gateway stops.</summary>
    public bool HasFailed => _state.HasFailed;
}
