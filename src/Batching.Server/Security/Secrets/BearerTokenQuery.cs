using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Batching.Server.Security.Secrets;

/// <summary>
/// Lets clients that can't set header fields send their token in the query: <c>bearer_token=T</c> means
/// <c>Authorization: Bearer T</c>. It wins over Basic credentials, which browsers add by themselves.
/// </summary>
internal static class BearerTokenQuery
{
    private const string Parameter = "bearer_token";

    /// <summary>Puts the token where it belongs, and leaves a request as if it had never been in the query.</summary>
    public static void Move(IHttpRequestFeature request)
    {
        if (request.QueryString.Length <= 1 || !TryTake(request.QueryString, out var query, out var token))
        {
            return;
        }

        request.QueryString = query;
        var target = request.RawTarget.IndexOf('?', StringComparison.Ordinal);
        request.RawTarget = target < 0 ? request.RawTarget : request.RawTarget[..target] + query;
        if (token.Length > 0 && IsMissingOrBasic(request.Headers.Authorization))
        {
            // As Kestrel reads fields here: a character for each byte.
            request.Headers.Authorization = $"Bearer {Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(token))}";
        }
    }

    /// <summary>Takes the parameter out of a query, in whatever case or encoding its name comes; the last one counts.</summary>
    private static bool TryTake(string query, out string rest, out string token)
    {
        var kept = new StringBuilder();
        var found = false;
        (rest, token) = (query, "");
        foreach (var part in new QueryStringEnumerable(query))
        {
            if (part.DecodeName().Span.Equals(Parameter, StringComparison.OrdinalIgnoreCase))
            {
                found = true;
                token = part.DecodeValue().ToString();
                continue;
            }

            kept.Append(kept.Length == 0 ? '?' : '&').Append(part.EncodedName);
            if (!part.EncodedValue.IsEmpty)
            {
                kept.Append('=').Append(part.EncodedValue);
            }
        }

        rest = found ? kept.ToString() : query;
        return found;
    }

    private static bool IsMissingOrBasic(StringValues authorization) =>
        StringValues.IsNullOrEmpty(authorization)
        || authorization.ToString().StartsWith("Basic ", StringComparison.OrdinalIgnoreCase);
}
