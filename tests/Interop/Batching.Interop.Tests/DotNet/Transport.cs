namespace Batching.Interop.Tests.DotNet;

/// <summary>How calls of Grpc.Net.Client travel.</summary>
public enum Transport
{
    /// <summary>gRPC over HTTP/2 in cleartext, by prior knowledge.</summary>
    Cleartext,

    /// <summary>gRPC over HTTP/2 and TLS.</summary>
    Tls,

    /// <summary>gRPC-Web over HTTP/1.1 in cleartext.</summary>
    WebHttp1,

    /// <summary>gRPC-Web in base64, over HTTP/1.1 in cleartext.</summary>
    WebTextHttp1,

    /// <summary>gRPC-Web over HTTP/2 in cleartext, by prior knowledge.</summary>
    WebHttp2,

    /// <summary>gRPC-Web over HTTP/2 and TLS.</summary>
    WebTls,
}
