namespace Batching.Server.Security.Identity;

/// <summary>The way in which callers are told apart.</summary>
internal enum IdentityMode
{
    /// <summary>By the credential they present, which is the APIs' to check: it is sent to them as it is.</summary>
    PassThrough,

    /// <summary>By a header field that a proxy in front of the gateway sets.</summary>
    TrustedHeader,

    /// <summary>By keys of the gateway's own.</summary>
    ApiKey,
}
