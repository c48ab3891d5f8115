using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Batching.Engine.Configuration;

/// <summary>An entry of <see cref="WebhookOptions.AllowedHosts"/>: receivers to which messages may be sent.</summary>
/// <param name="Scheme"><c>https</c> or <c>http</c>.</param>
/// <param name="Host">A name or an address, or what the names end with.</param>
/// <param name="Port">The port.</param>
/// <param name="IsWildcard">It stands for all names below <paramref name="Host"/>.</param>
internal sealed record AllowedReceiver(string Scheme, string Host, int Port, bool IsWildcard)
{
    private const string Wildcard = "*.";

    // What is no part of a host with its port.
    private static readonly SearchValues<char> Foreign = SearchValues.Create("/\\@?#*% \t");

    /// <summary>Reads an entry; false if it is none.</summary>
    public static bool TryParse(string entry, [NotNullWhen(true)] out AllowedReceiver? receiver)
    {
        receiver = null;
        var parts = entry.Split("://", 2);
        var scheme = parts.Length == 2 ? parts[0] : Uri.UriSchemeHttps;
        var isWildcard = parts[^1].StartsWith(Wildcard, StringComparison.Ordinal);
        var authority = isWildcard ? parts[^1][Wildcard.Length..] : parts[^1];
        if (authority.AsSpan().ContainsAny(Foreign) || !IsHttp(scheme)
            || !Uri.TryCreate($"{scheme}://{authority}/", UriKind.Absolute, out var url)
            || url.HostNameType == UriHostNameType.Unknown || url.Port <= 0
            || (isWildcard && url.HostNameType != UriHostNameType.Dns))
        {
            return false;
        }

        receiver = new AllowedReceiver(url.Scheme, url.IdnHost, url.Port, isWildcard);
        return true;
    }

    /// <summary>Whether a URL leads to such a receiver.</summary>
    public bool Matches(Uri url) =>
        url.Scheme == Scheme
        && url.Port == Port
        && (IsWildcard
            ? url.IdnHost.EndsWith("." + Host, StringComparison.OrdinalIgnoreCase)
            : url.IdnHost.Equals(Host, StringComparison.OrdinalIgnoreCase));

    private static bool IsHttp(string scheme) =>
        scheme.Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase)
        || scheme.Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase);
}
