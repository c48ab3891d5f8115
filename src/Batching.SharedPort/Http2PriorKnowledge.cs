using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Batching.SharedPort;

/// <summary>
/// Lets Kestrel speak HTTP/2 on a cleartext connection of an endpoint with both protocols. Before it chooses, Kestrel
/// asks two things of a connection: whether there is TLS, since without it everything is HTTP/1.1, and then for the
/// protocol that ALPN chose. The client's prior knowledge (RFC 9113, section 3.3) stands for both.
/// </summary>
internal sealed class Http2PriorKnowledge : ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    private readonly IFeatureCollection _features;

    private Http2PriorKnowledge(IFeatureCollection features) => _features = features;

    /// <summary>The answer to the second question. From then on nothing claims TLS: there is none.</summary>
    public ReadOnlyMemory<byte> ApplicationProtocol
    {
        get
        {
            _features.Set<ITlsConnectionFeature>(null);
            _features.Set<ITlsApplicationProtocolFeature>(null);
            return SslApplicationProtocol.Http2.Protocol;
        }
    }

    public X509Certificate2? ClientCertificate { get; set; }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ClientCertificate);

    public static void SetFor(ConnectionContext connection)
    {
        var knowledge = new Http2PriorKnowledge(connection.Features);
        connection.Features.Set<ITlsConnectionFeature>(knowledge);
        connection.Features.Set<ITlsApplicationProtocolFeature>(knowledge);
    }
}
