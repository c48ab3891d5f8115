using System.Collections.Frozen;

namespace Batching.Server.Security.Identity;

/// <summary>The scheme of a credential (RFC 9110, section 11.1), whose name is the same in any case.</summary>
internal static class AuthScheme
{
    // As they are registered, and two that many APIs have without that. The first word of anything else may be part of a
    // secret, where case counts.
    private static readonly FrozenDictionary<string, string> Names = new[]
    {
        "Basic", "Bearer", "Concealed", "Digest", "DPoP", "GNAP", "HOBA", "Mutual", "Negotiate", "OAuth", "PrivateToken",
        "SCRAM-SHA-1", "SCRAM-SHA-256", "vapid", "ApiKey", "Token",
    }.ToFrozenDictionary(name => name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The credential with its scheme as it is registered; what has none that is known stays as it is.</summary>
    public static string Normalize(string authorization)
    {
        var end = authorization.IndexOf(' ', StringComparison.Ordinal);
        return end > 0 && Names.TryGetValue(authorization[..end], out var name)
            ? string.Concat(name, authorization.AsSpan(end))
            : authorization;
    }
}
