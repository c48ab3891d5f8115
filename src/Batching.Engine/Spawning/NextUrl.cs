using Batching.Engine.Upstreams;

namespace Batching.Engine.Spawning;

/// <summary>Turns the URL of a next page into a path of its upstream.</summary>
internal static class NextUrl
{
    /// <summary>The path with its query, as a request has it.</summary>
    /// <param name="upstream">The upstream of the page.</param>
    /// <param name="page">Where the page came from; the URL may be relative to it.</param>
    /// <param name="url">As the page gives it.</param>
    /// <exception cref="FormatException">It is no URL, or leads to another host.</exception>
    public static string ToPath(Upstream upstream, Uri page, string url)
    {
        if (!Uri.TryCreate(page, url, out var target))
        {
            throw new FormatException($"The next page '{url}' is not a URL.");
        }

        var home = new Uri(upstream.BaseAddress + "/");
        var isHome = target.Scheme == home.Scheme
            && target.Host == home.Host
            && target.Port == home.Port
            && target.UserInfo.Length == 0
            && target.AbsolutePath.StartsWith(home.AbsolutePath, StringComparison.Ordinal);
        return isHome
            ? target.PathAndQuery[(home.AbsolutePath.Length - 1)..]
            : throw new FormatException($"The next page '{url}' is not at the upstream of this one.");
    }
}
