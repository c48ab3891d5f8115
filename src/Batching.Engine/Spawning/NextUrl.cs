using Batching.Engine.Upstreams;

namespace Batching.Engine.Spawning;

/// <summary>Turns the URL of a next page into a path of its upstream.</summary>
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
        if (TargetPath.FindCharacterProblem(url) is { } problem)
        {
            throw new FormatException($"The next page '{url}' {problem}.");
        }

        if (!Uri.TryCreate(ToAbsolute(page, url), AsItIs, out var target))
        {
            throw new FormatException($"The next page '{url}' is not a URL.");
        }

        var home = new Uri(upstream.BaseAddress + "/");
        var isHome = target.Scheme == home.Scheme
            && target.Host == home.Host
            && target.Port == home.Port
            && target.UserInfo.Length == 0
            && target.AbsolutePath.StartsWith(home.AbsolutePath, StringComparison.Ordinal);
        if (!isHome)
        {
            throw new FormatException($"The next page '{url}' is not at the upstream of this one.");
        }

        var path = target.PathAndQuery[(home.AbsolutePath.Length - 1)..];
        return TargetPath.TryNormalize(path, int.MaxValue, out _, out problem)
            ? path
            : throw new FormatException($"The next page '{url}' has a path that {problem}.");
    }

    // RFC 3986, section 5.2.2.
    private static string ToAbsolute(Uri page, string url) => url switch
    {
        ['/', '/', ..] => $"{page.Scheme}:{url}",
        ['/', ..] => page.GetLeftPart(UriPartial.Authority) + url,
        ['?', ..] => page.GetLeftPart(UriPartial.Path) + url,
        _ when Uri.TryCreate(url, UriKind.Absolute, out _) => url,
        _ => Uri.TryCreate(page, url, out var relative) ? relative.AbsoluteUri : url,
    };
}
