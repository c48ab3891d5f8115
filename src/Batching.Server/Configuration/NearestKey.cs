namespace Batching.Server.Configuration;

/// <summary>Finds the key that a misspelt one was meant to be.</summary>
internal static class NearestKey
{
    // A key in the wrong section is nearer than another one in the right section.
    private const int NameWeight = 2;

    /// <summary>The known key that takes the fewest changes of letters.</summary>
    /// <param name="path">A whole key: <c>Batch:Identity:Mod</c>.</param>
    public static string Find(string path)
    {
        var (section, name) = Split(path);
        return KnownKey.All
            .Select(key => key.Path)
            .MinBy(known =>
            {
                var (knownSection, knownName) = Split(known);
                return Distance(section, knownSection) + (NameWeight * Distance(name, knownName));
            })!;
    }

    private static (string Section, string Name) Split(string path)
    {
        var segments = path.ToUpperInvariant().Split(':').Select(segment => segment.All(char.IsAsciiDigit) ? "N" : segment);
        return (string.Join(':', segments.SkipLast(1)), segments.Last());
    }

    // Levenshtein's: letters to add, to drop or to change.
    private static int Distance(string one, string other)
    {
        var previous = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 0; i < one.Length; i++)
        {
            var current = new int[previous.Length];
            current[0] = i + 1;
            for (var j = 0; j < other.Length; j++)
            {
                current[j + 1] = Math.Min(
                    previous[j] + (one[i] == other[j] ? 0 : 1), Math.Min(previous[j + 1], current[j]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
