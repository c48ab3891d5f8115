namespace Batching.Server.Configuration;

/// <summary>The callers who are told about the gateway itself.</summary>
internal enum Disclosure
{
    /// <summary>All who may call.</summary>
    Everybody,

    /// <summary>Those with a credential.</summary>
    Identified,

    /// <summary>None.</summary>
    Nobody,
}
