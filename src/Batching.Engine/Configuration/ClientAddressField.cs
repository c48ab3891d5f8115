namespace Batching.Engine.Configuration;

/// <summary>The header field that tells an API the address of the client that submitted a batch.</summary>
public enum ClientAddressField
{
    /// <summary>Not at all.</summary>
    Off,

    /// <summary>In <c>X-Forwarded-For</c>: the bare address, which most servers and frameworks know how to read.</summary>
    XForwardedFor,

    /// <summary>In <c>Forwarded</c> (RFC 7239).</summary>
    Forwarded,
}
