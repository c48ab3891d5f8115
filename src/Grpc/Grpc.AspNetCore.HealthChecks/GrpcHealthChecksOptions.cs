namespace Grpc.AspNetCore.HealthChecks;

/// <summary>How health is told.</summary>
public sealed class GrpcHealthChecksOptions
{
    /// <summary>The services whose health can be asked. <c>AddGrpcHealthChecks</c> maps the empty name to all checks.</summary>
    public ServiceMappingCollection Services { get; } = [];

    /// <summary>
    /// True: <c>Check</c> answers with what the health checks last published (every 30 seconds by default). False, the
    /// default: it runs them.
    /// </summary>
    public bool UseHealthChecksCache { get; set; }

    /// <summary>
    /// True: a <c>Watch</c> stays open when the server begins to stop, until the client or the shutdown timeout ends it.
    /// False, the default: it says <c>NOT_SERVING</c> and ends.
    /// </summary>
    public bool SuppressCompletionOnShutdown { get; set; }
}
