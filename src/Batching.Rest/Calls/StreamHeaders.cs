using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>The header fields of streams of results.</summary>
internal static class StreamHeaders
{
    /// <summary>
    /// Tells whoever is in between to hand on what comes at once: nginx gathers it otherwise (<c>proxy_buffering</c>), and
    /// caches may wait for the end.
    /// </summary>
    public static void SetStreamHeaders(this HttpResponse response)
    {
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-cache, no-store";
    }
}
