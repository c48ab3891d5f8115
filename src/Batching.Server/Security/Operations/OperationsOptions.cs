namespace Batching.Server.Security.Operations;

/// <summary>The configuration section <c>Batch:Operations</c>: what is there for those who run the gateway.</summary>
internal sealed class OperationsOptions
{
    public const string Section = "Batch:Operations";

    /// <summary>
    /// Whether <c>/healthz</c>, <c>/healthz/live</c>, <c>/healthz/ready</c> and <c>grpc.health.v1.Health</c> are served.
    /// </summary>
    public bool Health { get; set; } = true;

    /// <summary>Whether gRPC reflection is served.</summary>
    public bool Reflection { get; set; } = true;

    /// <summary>
    /// Whether <c>/metrics</c> is served, in the text format of Prometheus: at <c>Batch:Operations:Url</c>, and nowhere if that is not
    /// set.
    /// </summary>
    public bool Metrics { get; set; } = true;

    /// <summary>
    /// Address at which health, reflection, metrics and <c>batch.v1.OperationsService</c> are served, and nothing else is: an
    /// <c>http</c> or <c>https</c> URL with a port of its own, such as <c>http://127.0.0.1:8081</c>. Whoever reaches it can see
    /// who holds how much, and cancel batches. Unset: health and reflection are served beside everything else, and the others
    /// are not.
    /// </summary>
    public string? Url { get; set; }
}
