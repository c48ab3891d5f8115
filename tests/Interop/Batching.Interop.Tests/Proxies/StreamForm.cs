namespace Batching.Interop.Tests.Proxies;

/// <summary>The ways to read a stream of results.</summary>
public enum StreamForm
{
    /// <summary>Over HTTP/1.1, a line for each record.</summary>
    NdJson,

    /// <summary>Over HTTP/1.1, an event for each record.</summary>
    ServerSentEvents,

    /// <summary><c>FetchResults</c>, over HTTP/2.</summary>
    Grpc,
}
