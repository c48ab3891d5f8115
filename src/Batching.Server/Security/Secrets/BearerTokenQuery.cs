using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Batching.Server.Security.Secrets;

/// <summary>
/// Lets clients that can't set header fields send their token in the query: <c>bearer_token=T</c> means
/// <c>Authorization: Bearer T</c>. It wins over Basic credentials, which browsers add by themselves. Beside any other
/// credential, or beside another token, it is one too many: that is left for who finds out who calls to refuse.
/// </summary>
internal static class BearerTokenQuery
{
    private const string Parameter = "bearer_token";

    /// <summary>Puts the token where it belongs, and leaves a request as if it had never been in the query.</summary>
    public static void Move(IHttpRequestFeature request)
    {
        if (request.QueryString.Length <= 1 || !TryTake(request.QueryString, out var query, out var tokens))
        {
            return;
        }

        request.QueryString = query;
        var target = request.RawTarget.IndexOf('?', StringComparison.Ordinal);
        request.RawTarget = target < 0 ? request.RawTarget : request.RawTarget[..target] + query;
        if (tokens.Count > 0)
        {
            var given = IsBasic(request.Headers.Authorization) ? StringValues.Empty : request.Headers.Authorization;

            // As Kestrel reads fields here: a character for each byte.
            request.Headers.Authorization = StringValues.Concat(
                given,
                tokens.Select(token => $"Bearer {Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(token))}").ToArray());
        }
    }

    /// <summary>Takes the parameter out of a query, in whatever case or encoding its name comes.</summary>
    private static bool TryTake(string query, out string rest, out List<string> tokens)
    {
        var kept = new StringBuilder();
        var found = false;
        tokens = [];
        foreach (var part in new QueryStringEnumerable(query))
        {
            if (part.DecodeName().Span.Equals(Parameter, StringComparison.OrdinalIgnoreCase))
            {
                found = true;
                if (!part.EncodedValue.IsEmpty)
                {
                    tokens.Add(part.DecodeValue().ToString());
                }

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

    private static bool IsBasic(StringValues authorization) =>
        authorization.Count == 1
        && authorization.ToString().StartsWith("Basic ", StringComparison.OrdinalIgnoreCase);
}
