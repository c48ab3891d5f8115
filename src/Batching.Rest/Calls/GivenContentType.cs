using Microsoft.AspNetCore.Http;

namespace Batching.Rest.Calls;

/// <summary>The content type of a body that its service reads itself, which the transcoder must not see.</summary>
/// <param name="Value">As it was sent; null for none.</param>
internal sealed record GivenContentType(string? Value)
{
    /// <summary>That of a call; null for none.</summary>
    public static string? Of(HttpContext context) => context.Features.Get<GivenContentType>()?.Value;
}
