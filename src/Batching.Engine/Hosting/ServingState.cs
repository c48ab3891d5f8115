namespace Batching.Engine.Hosting;

/// <summary>The progress of the engine's start. Thread-safe.</summary>
internal sealed class ServingState
{
    private volatile bool _isActive;
    private volatile bool _hasFailed;

    /// <summary>Whether it holds the store and serves.</summary>
    public bool IsActive
    {
        get => _isActive;
        set => _isActive = value;
    }

    /// <summary>Whether a part of it has failed, for which the gateway stops.</summary>
    public bool HasFailed
    {
        get => _hasFailed;
        set => _hasFailed = value;
    }
}
