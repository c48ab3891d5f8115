using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Batching.Engine.Upstreams;

/// <summary>
/// Checks the path that a caller gives and brings it into the one form that is sent. What can be read in two ways
/// is refused, not repaired: the upstream, a proxy in front of it and the gateway must see the same path.
/// </summary>
internal static class TargetPath
{
    // Enough to unmask an encoding of an encoding of an encoding; whatever still changes after that is refused.
    private const int MaxDecodings = 4;

    // Those that everybody reads alike.
    private static readonly SearchValues<char> PlainCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/?&=");

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Normalizes a path, with its query if it has one.</summary>
    /// <param name="path">As the caller gave it, with or without a leading slash.</param>
    /// <param name="maxLength">Characters that it may have.</param>
    /// <param name="normalized">ASCII only, with exactly one leading slash.</param>
    /// <param name="problem">Why the path is refused.</param>
    public static bool TryNormalize(
        string path,
        int maxLength,
        [NotNullWhen(true)] out string? normalized,
        [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        normalized = null;
        if (path.Length <= maxLength && IsPlain(path))
        {
            normalized = path;
            return true;
        }

        var rooted = path.StartsWith('/') ? path : "/" + path;
        problem = FindProblem(path, maxLength) ?? FindSegmentProblem(rooted.Split('?', 2)[0]);
        if (problem is not null)
        {
            return false;
        }

        normalized = EscapeNonAscii(rooted);
        return true;
    }

    // Most paths can be read in one way only, which a look at their characters shows: what is not plain may be right, too.
    private static bool IsPlain(ReadOnlySpan<char> path) =>
        path.StartsWith('/')
        && !path.ContainsAnyExcept(PlainCharacters)
        && !path.Contains("/.", StringComparison.Ordinal)
        && !path.Contains("//", StringComparison.Ordinal);

    /// <summary>
    /// A segment without what some servers cut off, so that it shows others a dot segment that it hides from the rest:
    /// path parameters ("/..;x=1/"), or a query or fragment that was encoded ("/..%3Fx").
    /// </summary>
    public static string NameOf(string segment)
    {
        var end = segment.AsSpan().IndexOfAny(";?#");
        return end < 0 ? segment : segment[..end];
    }

    private static string? FindProblem(string path, int maxLength)
    {
        if (path.Length == 0)
        {
            return "is required";
        }

        if (path.Length > maxLength)
        {
            return $"is longer than {maxLength} characters";
        }

        if (FindCharacterProblem(path) is { } problem)
        {
            return problem;
        }

        var queryStart = path.IndexOf('?', StringComparison.Ordinal);
        var pathPart = queryStart < 0 ? path : path[..queryStart];
        if (pathPart.Contains("://", StringComparison.Ordinal))
        {
            return "must be a path, not an absolute URL";
        }

        if (!path.StartsWith('/') && FirstSegment(pathPart).Contains('@', StringComparison.Ordinal))
        {
            return "must not contain user information";
        }

        return null;
    }

    /// <summary>Finds characters that no part of a path, a query or a URL may contain; null if there are none.</summary>
    public static string? FindCharacterProblem(string path)
    {
        foreach (var c in path)
        {
            switch (c)
            {
                case '\\':
                    return "must not contain a backslash";
                case '#':
                    return "must not contain a fragment";
                case var _ when char.IsControl(c) || char.IsWhiteSpace(c):
                    return "must not contain white space or control characters";
            }
        }

        return IsValidEncoding(path) ? null : "has an incomplete percent-encoding or is not valid Unicode";
    }

    private static string FirstSegment(string path)
    {
        var end = path.IndexOf('/', StringComparison.Ordinal);
        return end < 0 ? path : path[..end];
    }

    // Looks at the path as it is sent, decoded once, decoded twice …: some server on the way may see it like that.
    private static string? FindSegmentProblem(string path)
    {
        for (var i = 0; i <= MaxDecodings; i++)
        {
            if (path.Contains('\\', StringComparison.Ordinal))
            {
                return "must not contain a backslash, in any encoding";
            }

            if (path.Any(char.IsControl))
            {
                return "must not contain control characters, in any encoding";
            }

            var segments = path.Split('/');
            for (var j = 0; j < segments.Length; j++)
            {
                var segment = segments[j];
                // Some servers trim what they read.
                var name = NameOf(segment);
                if (name.AsSpan().Trim() is "." or "..")
                {
                    return "must not contain the segments . and .., in any encoding";
                }

                // An empty one behind the leading slash would be an authority: "//host/path".
                if (name.Length == 0 && j != 0 && j != segments.Length - 1)
                {
                    return "must not contain empty segments";
                }
            }

            if (!path.Contains('%', StringComparison.Ordinal))
            {
                return null;
            }

            if (!TryDecode(path, out var decoded))
            {
                return "is not valid UTF-8 when decoded";
            }

            if (decoded == path)
            {
                return null;
            }

            path = decoded;
        }

        return "is percent-encoded too many times";
    }

    private static bool IsValidEncoding(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                {
                    return false;
                }
            }
            else if (char.IsHighSurrogate(c))
            {
                if (i + 1 >= text.Length || !char.IsLowSurrogate(text[++i]))
                {
                    return false;
                }
            }
            else if (char.IsLowSurrogate(c))
            {
                return false;
            }
        }

        return true;
    }

    // Uri.UnescapeDataString leaves invalid UTF-8 as it is; overlong forms such as %C0%AE must not pass like that.
    private static bool TryDecode(string text, [NotNullWhen(true)] out string? decoded)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length;)
        {
            // After the first round a lone % is just a character.
            if (text[i] == '%'
                && i + 2 < text.Length
                && char.IsAsciiHexDigit(text[i + 1])
                && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = Convert.FromHexString(text.AsSpan(i + 1, 2))[0];
                i += 3;
            }
            else
            {
                var rune = Rune.GetRuneAt(text, i);
                length += rune.EncodeToUtf8(bytes.AsSpan(length));
                i += rune.Utf16SequenceLength;
            }
        }

        try
        {
            decoded = StrictUtf8.GetString(bytes, 0, length);
            return true;
        }
        catch (DecoderFallbackException)
        {
            decoded = null;
            return false;
        }
    }

    private static string EscapeNonAscii(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
            {
                escaped.Append((char)rune.Value);
            }
            else
            {
                escaped.Append(Uri.EscapeDataString(rune.ToString()));
            }
        }

        return escaped.ToString();
    }
}
