namespace Batching.Engine.Spawning;

/// <summary>Reads the header field <c>Link</c> (RFC 8288, section 3).</summary>
internal static class LinkHeader
{
    /// <summary>
    /// The target of the first link whose relation is <c>next</c>, else of the first whose relation is <c>next-page</c>, which some
    /// APIs write; null if there is none.
    /// </summary>
    public static string? FindNext(string value) => Find(value, "next") ?? Find(value, "next-page");

    private static string? Find(string value, string relation)
    {
        var rest = value.AsSpan();
        while (true)
        {
            var open = rest.IndexOf('<');
            if (open < 0)
            {
                return null;
            }

            rest = rest[(open + 1)..];
            var close = rest.IndexOf('>');
            if (close < 0)
            {
                return null;
            }

            var target = rest[..close];
            rest = rest[(close + 1)..];
            if (HasRelation(ref rest, relation))
            {
                return target.ToString();
            }
        }
    }

    // Reads the parameters of one link: up to a comma that stands outside of quotes.
    private static bool HasRelation(ref ReadOnlySpan<char> rest, string relation)
    {
        var isWanted = false;
        var hasRelation = false;
        while (TryReadParameter(ref rest, out var name, out var value))
        {
            // Only the first "rel" of a link counts (section 3.3).
            if (!hasRelation && name.Equals("rel", StringComparison.OrdinalIgnoreCase))
            {
                hasRelation = true;
                isWanted = Contains(value, relation);
            }
        }

        return isWanted;
    }

    private static bool TryReadParameter(
        ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        name = default;
        value = default;
        rest = rest.TrimStart(" \t;");
        if (rest.IsEmpty || rest[0] == ',')
        {
            return false;
        }

        var end = rest.IndexOfAny("=;,");
        name = (end < 0 ? rest : rest[..end]).Trim(" \t");
        rest = end < 0 ? default : rest[end..];
        if (rest.IsEmpty || rest[0] != '=')
        {
            return true;
        }

        rest = rest[1..].TrimStart(" \t");
        if (!rest.IsEmpty && rest[0] == '"')
        {
            // A backslash in quotes escapes what follows; relations have none, so that its removal can be left out.
            var length = 1;
            while (length < rest.Length && rest[length] != '"')
            {
                length += rest[length] == '\\' ? 2 : 1;
            }

            length = Math.Min(length, rest.Length);
            value = rest[1..length];
            rest = rest[Math.Min(length + 1, rest.Length)..];
            return true;
        }

        end = rest.IndexOfAny(";,");
        value = (end < 0 ? rest : rest[..end]).Trim(" \t");
        rest = end < 0 ? default : rest[end..];
        return true;
    }

    // The relation may be one of several, separated by blanks.
    private static bool Contains(ReadOnlySpan<char> relations, string relation)
    {
        foreach (var range in relations.Split(' '))
        {
            if (relations[range].Equals(relation, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
