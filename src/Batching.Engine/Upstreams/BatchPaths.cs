namespace Batching.Engine.Upstreams;

/// <summary>Knows this service's own paths, in every spelling that some server might take for them.</summary>
internal static class BatchPaths
{
    private static readonly string[][] Roots =
        [["api", "v0", "batch"], ["api", "v1", "batches"], ["api", "v2", "batch"]];

    // The gRPC methods of this service are paths, too: /batch.v1.KeyedBatchService/RunBatch.
    private static readonly string[] ServicePrefixes = ["batch.v1.", "batch.rest.v1."];

    /// <summary>Whether a path is one of batches, or below one.</summary>
    /// <param name="path">A path that was checked by <see cref="TargetPath"/>, without its query.</param>
    public static bool Contain(string path)
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

    private static bool IsOwn(string path)
    {
        // Most paths end here, with nothing allocated: each of this service's has the word in it.
        return path.Contains("batch", StringComparison.OrdinalIgnoreCase) && BeginsAsOwn(path);
    }

    private static bool BeginsAsOwn(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < segments.Length; i++)
        {
            // What stands behind a colon is what is done with the resource: /api/v1/batches:run (AIP-136).
            segments[i] = TargetPath.NameOf(segments[i]).Split(':')[0];
        }

        return Array.Exists(Roots, root => Begins(segments, root))
            || (segments.Length > 0
                && Array.Exists(ServicePrefixes, prefix => segments[0].StartsWith(prefix, StringComparison.OrdinalIgnoreCase)));
    }

    private static bool Begins(string[] segments, string[] root) =>
        segments.Length >= root.Length
        && segments.AsSpan(0, root.Length).SequenceEqual(root, StringComparer.OrdinalIgnoreCase);
}
