namespace Grpc.AspNetCore.Server;

/// <summary>An instance for one call, and whether its activator made it and so must release it.</summary>
public readonly struct GrpcActivatorHandle<T>
{
    /// <summary>Makes a handle.</summary>
    public GrpcActivatorHandle(T instance, bool created, object? state)
    {
        Instance = instance;
        Created = created;
        State = state;
    }

    /// <summary>The instance.</summary>
    public T Instance { get; }

    /// <summary>True when the activator made it, false when the services own it.</summary>
    public bool Created { get; }

    /// <summary>Whatever the activator wants to remember.</summary>
    public object? State { get; }
}
