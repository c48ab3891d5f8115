using System.Globalization;
using Batching.Engine.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Batching.Rest.Calls;

/// <summary>
/// Refuses calls whose URL is too long in the form of their path. The server would do it before it knows the path, without a
/// body: it is told to take twice as much.
/// </summary>
internal static class UrlLimit
{
    /// <summary>Bytes of a URL, or a header field that is one, that the server has to take for those that are refused here.</summary>
    public static int ServerBytes(LimitOptions limits) => 2 * limits.UrlLength;

    public static Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        var limit = context.RequestServices.GetRequiredService<IOptions<BatchEngineOptions>>().Value.Limits.UrlLength;
        var length = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length;
        return length <= limit
            ? next(context)
            : context.RefuseAsync(CallError.Of(
                CallErrorKinds.UrlTooLong,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The URL has {length} bytes; at most {limit} are allowed ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.UrlLength))}).")));
    }
}
