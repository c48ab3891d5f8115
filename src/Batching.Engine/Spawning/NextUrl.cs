using System.Diagnostics.CodeAnalysis;
using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Upstreams;

namespace Batching.Engine.Spawning;

/// <summary>
/// Turns the URL of a next page into a path of its upstream. It is taken as browsers take it (WHATWG URL Standard, section
/// 4.4), but nothing of it is repaired that two readers could see differently.
/// </summary>
internal static class NextUrl
{
    // Uri repairs much of what is refused, so it must not touch what was checked.
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The path with its query, as a request has it.</summary>
    /// <param name="upstream">The upstream of the page.</param>
    /// <param name="page">Where the page came from; the URL may be relative to it.</param>
    /// <param name="url">As the page gives it. Only a path relative to that of the page may go up from there.</param>
    /// <exception cref="FormatException">It is no URL, leads to another host, or has a path that is refused.</exception>
    public static string ToPath(Upstream upstream, Uri page, string url)
    {
        // Blanks around it are left out, and those in it are encoded, as the standard says.
        var text = url.Trim(' ').Replace(" ", "%20", StringComparison.Ordinal);
        if (TargetPath.FindCharacterProblem(text) is { } problem)
        {
            throw new FormatException($"The next page {CallerText.Quote(url)} {problem}.");
        }

        var (origin, target) = Split(page, text);
        var path = upstream.Pagination.NextUrlTrust == NextUrlTrust.QueryOnly
            ? ToPathOf(page) + ToQuery(target, url)
            : target;
        if (upstream.Pagination.NextUrlTrust == NextUrlTrust.Strict && FindDifference(upstream, origin, target) is { } difference)
        {
            throw new FormatException(
                $"The next page {CallerText.Quote(url)} is not at the upstream of this one: {difference}. "
                + "See Pagination:NextUrlTrust in the configuration.");
        }

        path = path[upstream.BasePath.Length..];
        return TargetPath.TryNormalize(path, int.MaxValue, out _, out problem)
            ? path
            : throw new FormatException($"The next page {CallerText.Quote(url)} has a path that {problem}.");
    }

    private static string? FindDifference(Upstream upstream, string? origin, string target)
    {
        var home = new Uri(upstream.BaseAddress + "/");
        if (origin is not null)
        {
            if (!TryReadOrigin(origin, out var there))
            {
                return "it is not a URL of http or https";
            }

            if (there.UserInfo.Length > 0)
            {
                return "it has a user name";
            }

            if (there.Host != home.Host)
            {
                return $"its host is {CallerText.Quote(there.Host)}, not {CallerText.Quote(home.Host)}";
            }

            if (there.Scheme != home.Scheme)
            {
                return $"its scheme is {CallerText.Quote(there.Scheme)}, not {CallerText.Quote(home.Scheme)}";
            }

            if (there.Port != home.Port)
            {
                return $"its port is {there.Port}, not {home.Port}";
            }
        }

        return target.StartsWith(upstream.BasePath + "/", StringComparison.Ordinal)
            ? null
            : $"its path does not begin with {CallerText.Quote(upstream.BasePath + "/")}";
    }

    // RFC 3986, section 5.2.2. No origin for what is relative.
    private static (string? Origin, string Target) Split(Uri page, string url)
    {
        if (SchemeLength(url) is var scheme and > 0)
        {
            return url.AsSpan(scheme).StartsWith("://", StringComparison.Ordinal)
                ? SplitAuthority(url[..(scheme + 3)], url[(scheme + 3)..])
                : (url, "/");
        }

        return url switch
        {
            ['/', '/', ..] => SplitAuthority($"{page.Scheme}://", url[2..]),
            ['/', ..] => (null, url),
            [] => (null, page.PathAndQuery),
            ['?', ..] => (null, ToPathOf(page) + url),
            _ => (null, Merge(ToPathOf(page), url)),
        };
    }

    private static (string? Origin, string Target) SplitAuthority(string scheme, string rest)
    {
        var end = rest.AsSpan().IndexOfAny('/', '?');
        var authority = end < 0 ? rest : rest[..end];
        var target = end < 0 ? "" : rest[end..];

        // What has no path has the root.
        return (scheme + authority, target.StartsWith('/') ? target : "/" + target);
    }

    private static bool TryReadOrigin(string origin, [NotNullWhen(true)] out Uri? uri) =>
        Uri.TryCreate(origin + "/", AsItIs, out uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    // The dot segments that lead on from the folder of the page, and no others: what is in a path that stands for itself is
    // refused later.
    private static string Merge(string pagePath, string relative)
    {
        var query = relative.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? relative : relative[..query];
        var segments = pagePath[..pagePath.LastIndexOf('/')].Split('/').ToList();
        var added = path.Split('/');
        for (var i = 0; i < added.Length; i++)
        {
            var isLast = i == added.Length - 1;
            switch (added[i])
            {
                case "." or "..":
                    if (added[i] == ".." && segments.Count > 1)
                    {
                        segments.RemoveAt(segments.Count - 1);
                    }

                    if (isLast)
                    {
                        segments.Add("");
                    }

                    break;
                case var segment:
                    segments.Add(segment);
                    break;
            }
        }

        return string.Join('/', segments) + (query < 0 ? "" : relative[query..]);
    }

    private static string ToPathOf(Uri page) => page.PathAndQuery.Split('?', 2)[0];

    private static string ToQuery(string target, string url) =>
        target.IndexOf('?', StringComparison.Ordinal) is var at and >= 0
            ? target[at..]
            : throw new FormatException($"The next page {CallerText.Quote(url)} has no query, and nothing else of it is taken.");

    // RFC 3986, section 3.1.
    private static int SchemeLength(string url)
    {
        var end = url.IndexOf(':', StringComparison.Ordinal);
        return end > 0 && char.IsAsciiLetter(url[0]) && url.AsSpan(0, end).IndexOfAnyExcept(SchemeCharacters) < 0 ? end : 0;
    }

    private static readonly System.Buffers.SearchValues<char> SchemeCharacters = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
}
