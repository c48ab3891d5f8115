namespace Grpc.AspNetCore.HealthChecks;

/// <summary>Which health checks tell the status of a service.</summary>
public sealed class ServiceMapping
{
    /// <summary>Makes a mapping.</summary>
    /// <param name="name">The service's full name; empty for the server as a whole.</param>
    /// <param name="predicate">True for the checks that count.</param>
    public ServiceMapping(string name, Func<HealthCheckMapContext, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(predicate);
        Name = name;
        HealthCheckPredicate = predicate;
    }

    /// <summary>The service's full name; empty for the server as a whole.</summary>
    public string Name { get; }

    /// <summary>True for the checks that count.</summary>
    public Func<HealthCheckMapContext, bool> HealthCheckPredicate { get; }
}
