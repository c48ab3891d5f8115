namespace Batching.Server.Security.Browser;

/// <summary>Tells browsers that replies are what they say they are, hold nothing to run, and are not to be kept.</summary>
internal static class SecurityHeaders
{
    /// <summary>
    /// Sets the header fields before anything answers, so that an endpoint can say otherwise. Native gRPC is not for
    /// browsers and is spared them.
    /// </summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (!IsNativeGrpc(context.Request.ContentType))
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            headers.CacheControl = "no-store";
        }

        return next(context);
    });

    private static bool IsNativeGrpc(string? contentType) =>
        contentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true
        && !contentType.StartsWith("application/grpc-web", StringComparison.OrdinalIgnoreCase);
}
