namespace Batching.Interop.Tests.Proxies;

/// <summary>What a proxy is told.</summary>
public enum ProxySettings
{
    /// <summary>Where the gateway is, and for gRPC that it speaks HTTP/2; everything else as Debian has it.</summary>
    Defaults,

    /// <summary>What <c>docs/operations.md</c> says.</summary>
    Documented,
}
