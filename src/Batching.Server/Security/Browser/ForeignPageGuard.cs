using Batching.Rest.Calls;

namespace Batching.Server.Security.Browser;

/// <summary>
/// Refuses calls that change something and come from pages of other origins. Without it, any page could submit batches
/// with what the browser adds by itself: bodies are read as JSON whatever their type, so browsers send them without
/// asking first.
/// </summary>
internal static class ForeignPageGuard
{
    public static IApplicationBuilder UseForeignPageGuard(this IApplicationBuilder app, BrowserOptions options)
    {
        var allowed = options.AllowedOrigins.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return app.Use((context, next) =>
            (context.IsBatchCall() || context.IsOperatorCall()) && IsForeign(context.Request) && !IsAllowed(context.Request, allowed)
                ? context.RefuseAsync(CallError.Of(
                    CallErrorKinds.ForeignPage,
                    $"Pages of this origin may not call: it is not in {BrowserOptions.Section}:{nameof(BrowserOptions.AllowedOrigins)}."))
                : next(context));
    }

    private static bool IsForeign(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return false;
        }

        // Browsers say it themselves (Fetch Metadata), but not to addresses without TLS; those tell by the origin. Whoever
        // sends neither is no browser.
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0)
        {
            return site is not ("same-origin" or "none");
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsAllowed(HttpRequest request, HashSet<string> allowed) =>
        allowed.Contains("*") || allowed.Contains(request.Headers.Origin.ToString());
}
