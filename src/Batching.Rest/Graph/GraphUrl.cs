using System.Buffers;
using System.Globalization;
using System.Text;

namespace Batching.Rest.Graph;

/// <summary>
/// Turns the URL of a request into a path. The client of Microsoft Graph decodes it before it is sent, so that it holds
/// characters that no URL has; these are encoded again. What was an encoded slash or ampersand can't be told any more.
/// </summary>
internal static class GraphUrl
{
    // RFC 3986, sections 3.3 and 3.4: what a path and a query are made of. Letters beyond ASCII are the engine's to encode.
    private static readonly SearchValues<char> Encoded = SearchValues.Create(
        [.. Enumerable.Range(0, 0x80).Select(code => (char)code)
            .Where(c => !char.IsAsciiLetterOrDigit(c) && !"-._~!$&'()*+,;=:@/?[]".Contains(c, StringComparison.Ordinal))]);

    /// <summary>The path, with its query if it has one.</summary>
    /// <param name="basePath">What the URL is relative to.</param>
    /// <param name="url">The URL, with or without a slash at its beginning.</param>
    /// <param name="maxLength">Characters that a path may have; of a longer one it is only sure that it is longer.</param>
    public static string ToPath(string basePath, string url, int maxLength)
    {
        var separator = url is ['/' or '?', ..] ? "" : "/";
        return string.Concat(basePath, separator, url.Length > maxLength ? url : Encode(url));
    }

    private static string Encode(string url)
    {
        if (!url.AsSpan().ContainsAny(Encoded))
        {
            return url;
        }

        var path = new StringBuilder(url.Length + 16);
        for (var i = 0; i < url.Length; i++)
        {
            var c = url[i];
            if (!Encoded.Contains(c) || (c == '%' && IsEncoding(url.AsSpan(i))))
            {
                path.Append(c);
            }
            else
            {
                path.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            }
        }

        return path.ToString();
    }

    // Other clients send the URL as it is.
    private static bool IsEncoding(ReadOnlySpan<char> text) =>
        text is [_, var high, var low, ..] && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low);
}
