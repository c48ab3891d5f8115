namespace Batching.Engine.Upstreams;

/// <summary>Knows the gateway's own paths, in every spelling that some server might take for them.</summary>
internal sealed class OwnPaths
{
    private readonly string[][] _roots;

    // Without one of these in it, in any case, a path is none of the gateway's.
    private readonly string[] _marks;

    /// <param name="paths">As <see cref="Configuration.BatchEngineOptions.OwnPaths"/> has them.</param>
    public OwnPaths(IEnumerable<string> paths)
    {
        _roots = [.. paths.Select(Split)];
        var longest = _roots.Select(root => root.MaxBy(segment => segment.Length)!).ToArray();
        _marks = [.. longest.Distinct(StringComparer.OrdinalIgnoreCase).Where(mark => !longest.Any(other =>
            other.Length < mark.Length && mark.Contains(other, StringComparison.OrdinalIgnoreCase)))];
    }

    /// <summary>Whether a path is one of them, or below one.</summary>
    /// <param name="path">A path that was checked by <see cref="TargetPath"/>, without its query.</param>
    public bool Contain(string path)
    {
        while (true)
        {
            if (IsOwn(path))
            {
                return true;
            }

            var decoded = path.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(path) : path;
            if (decoded == path)
            {
                return false;
            }

            path = decoded;
        }
    }

    private bool IsOwn(string path)
    {
        // Most paths end here, with nothing allocated.
        foreach (var mark in _marks)
        {
            if (path.Contains(mark, StringComparison.OrdinalIgnoreCase))
            {
                return BeginsAsOwn(path);
            }
        }

        return false;
    }

    private bool BeginsAsOwn(string path)
    {
        var segments = Split(path);
        for (var i = 0; i < segments.Length; i++)
        {
            // What stands behind a colon is what is done with the resource: /api/v1/batches:run (AIP-136).
            segments[i] = TargetPath.NameOf(segments[i]).Split(':')[0];
        }

        return Array.Exists(_roots, root => Begins(segments, root));
    }

    private static string[] Split(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static bool Begins(string[] segments, string[] root)
    {
        for (var i = 0; i < root.Length; i++)
        {
            if (i == segments.Length || !(root[i].EndsWith('.')
                ? segments[i].StartsWith(root[i], StringComparison.OrdinalIgnoreCase)
                : segments[i].Equals(root[i], StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }
        }

        return true;
    }
}
