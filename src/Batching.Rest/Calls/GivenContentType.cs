using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>The content type of a form, which its service reads itself: the transcoder must not see it.</summary>
/// <param name="Value">As it was sent.</param>
internal sealed record GivenContentType(string Value)
{
    /// <summary>Keeps that of a call, if it is one.</summary>
    public static void Keep(HttpContext context)
    {
        if (context.Request.ContentType is { } given && given.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            context.Features.Set(new GivenContentType(given));
        }
    }

    /// <summary>That of a call; null for none.</summary>
    public static string? Of(HttpContext context) => context.Features.Get<GivenContentType>()?.Value;
}
