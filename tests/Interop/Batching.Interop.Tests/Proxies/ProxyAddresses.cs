namespace Batching.Interop.Tests.Proxies;

/// <summary>Where a proxy listens, and what it stands in front of. All are on this machine.</summary>
/// <param name="RestPort">For REST.</param>
/// <param name="GrpcPort">For gRPC; the same one where the proxy tells both apart.</param>
/// <param name="Gateway">Host and port of the gateway.</param>
internal sealed record ProxyAddresses(int RestPort, int GrpcPort, string Gateway);
