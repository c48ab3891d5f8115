namespace Batching.Engine.Spawning;

/// <summary>Finds parameters in the query of a path.</summary>
internal static class PathQuery
{
    /// <summary>The value of the first parameter of a name, decoded; null if there is none.</summary>
    public static string? Find(string path, string name)
    {
        var start = path.IndexOf('?', StringComparison.Ordinal) + 1;
        if (start == 0)
        {
            return null;
        }

        foreach (var range in path.AsSpan(start).Split('&'))
        {
            var parameter = path.AsSpan(start)[range];
            var end = parameter.IndexOf('=');
            if (Decode(end < 0 ? parameter : parameter[..end]) == name)
            {
                return end < 0 ? "" : Decode(parameter[(end + 1)..]);
            }
        }

        return null;
    }

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text);
}
