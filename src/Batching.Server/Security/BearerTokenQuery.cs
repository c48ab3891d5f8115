using Microsoft.Extensions.Primitives;

namespace Batching.Server.Security;

/// <summary>
/// Lets clients that can't set header fields send their token in the query: <c>bearer_token=T</c> means
/// <c>Authorization: Bearer T</c>. It wins over Basic credentials, which browsers add by themselves.
/// </summary>
internal static class BearerTokenQuery
{
    private const string Parameter = "bearer_token";

    public static IApplicationBuilder UseBearerTokenQuery(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var request = context.Request;
        if (request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
            && request.Query.TryGetValue(Parameter, out var token)
            && !StringValues.IsNullOrEmpty(token)
            && IsMissingOrBasic(request.Headers.Authorization))
        {
            request.Headers.Authorization = $"Bearer {token}";
        }

        return next(context);
    });

    private static bool IsMissingOrBasic(StringValues authorization) =>
        StringValues.IsNullOrEmpty(authorization)
        || authorization.ToString().StartsWith("Basic ", StringComparison.OrdinalIgnoreCase);
}
