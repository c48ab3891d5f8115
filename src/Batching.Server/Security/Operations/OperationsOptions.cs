namespace Batching.Server.Security.Operations;

/// <summary>The configuration section <c>Batch:Operations</c>: what is there for those who run the gateway.</summary>
internal sealed class OperationsOptions
{
    public const string Section = "Batch:Operations";

    /// <summary>Whether <c>/healthz</c> and <c>grpc.health.v1.Health</c> are served. Default true.</summary>
    public bool Health { get; set; } = true;

    /// <summary>Whether reflection is served. Default true.</summary>
    public bool Reflection { get; set; } = true;

    /// <summary>
    /// An address of their own for both, such as <c>http://127.0.0.1:8081</c>: they are there and nowhere else, and
    /// nothing else is. Unset: beside everything else.
    /// </summary>
    public string? Url { get; set; }
}
