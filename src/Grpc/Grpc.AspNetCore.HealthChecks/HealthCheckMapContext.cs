namespace Grpc.AspNetCore.HealthChecks;

/// <summary>A health check, as the mapping to services sees it.</summary>
public sealed class HealthCheckMapContext
{
    /// <summary>Makes a context.</summary>
    public HealthCheckMapContext(string name, IEnumerable<string> tags)
    {
        Name = name;
        Tags = tags;
    }

    /// <summary>The health check's name.</summary>
    public string Name { get; }

    /// <summary>The health check's tags.</summary>
    public IEnumerable<string> Tags { get; }
}
