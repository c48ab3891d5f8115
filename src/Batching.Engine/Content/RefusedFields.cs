namespace Batching.Engine.Content;

/// <summary>
/// Header fields that callers may not set: those of the connection and of the framing and routing of the message, and those
/// by which proxies, gateways and the platforms of APIs tell an API who its client is, how it was reached, or what it was
/// asked for. Set by a caller they would lie. <c>docs/security.md</c> has the list with the sources; a test compares both.
/// </summary>
internal static class RefusedFields
{
    /// <summary>Whole names.</summary>
    public static IReadOnlySet<string> Names { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "CDN-Loop", "CF-Access-Authenticated-User-Email", "CF-Access-Jwt-Assertion", "CF-IPCountry", "CF-Pseudo-IPv4", "CF-Ray",
        "CF-Visitor", "CF-Worker", "Client-Cert", "Client-Cert-Chain", "Client-IP", "Connection", "Content-Length", "Expect",
        "Fastly-Client-IP", "Fastly-FF", "Fastly-SSL", "Fly-Client-IP", "Forwarded", "Forwarded-For", "Front-End-Https", "Host",
        "HTTP2-Settings", "Keep-Alive", "Proxy", "TE", "Trailer", "Transfer-Encoding", "True-Client-IP", "Upgrade", "Via",
        "X-Client-IP", "X-Cluster-Client-IP", "X-Forwarded", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
        "X-NF-Client-Connection-IP", "X-Real-IP", "X-Rewrite-URL", "X-Scheme", "X-Url-Scheme",
    };

    /// <summary>Beginnings of names, where a vendor keeps all that begin like that to itself.</summary>
    public static IReadOnlyList<string> Prefixes { get; } =
    [
        "CF-Connecting-", "CloudFront-", "Fly-Forwarded-", "OIDC-", "Proxy-", "Remote-", "Tailscale-User-", "WL-Proxy-",
        "X-Amzn-Mtls-", "X-Amzn-Oidc-", "X-AppEngine-", "X-ARR-", "X-Auth-Request-", "X-authentik-", "X-Azure-", "X-Envoy-", "X-FD-",
        "X-Forwarded-", "X-Goog-Authenticated-User-", "X-Goog-IAP-", "X-MS-Client-Principal", "X-MS-Token-", "X-Original-",
        "X-Pomerium-", "X-Remote-", "X-Vercel-Forwarded-", "X-Vercel-IP-",
    ];

    /// <summary>Whether a name, with <c>-</c> for <c>_</c>, is one of them.</summary>
    public static bool Contain(string name)
    {
        if (Names.Contains(name))
        {
            return true;
        }

        foreach (var prefix in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
