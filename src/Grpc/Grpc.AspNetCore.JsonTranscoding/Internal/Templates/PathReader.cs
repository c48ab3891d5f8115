using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>
/// Reads the values of a template's variables from a path that is known to match it. Works on the
/// path as it came over the wire, since <see cref="HttpRequest.Path"/> can't tell <c>%2F</c> from <c>%252F</c>.
/// </summary>
internal static class PathReader
{
    public static string Read(HttpTemplate template, TemplateVariable variable, ReadOnlySpan<char> path, bool isEncoded)
    {
        var rest = path.TrimStart('/');
        for (var i = 0; i < variable.Start; i++)
        {
            var slash = rest.IndexOf('/');
            rest = slash < 0 ? default : rest[(slash + 1)..];
        }

        if (!variable.TakesRest)
        {
            var length = 0;
            for (var i = variable.Start; i < variable.End; i++)
            {
                var slash = rest[length..].IndexOf('/');
                length = slash < 0 ? rest.Length + 1 : length + slash + 1;
            }

            rest = length > 0 ? rest[..(length - 1)] : default;
        }

        if (template.Verb is { } verb && variable.End == template.Segments.Count)
        {
            rest = rest.TrimEnd('/');
            rest = rest[..^(verb.Length + 1)];
        }

        return variable.IsMultiSegment ? DecodeMulti(rest, isEncoded) : DecodeSingle(rest, isEncoded);
    }

    /// <summary>The path of a request, still percent-encoded where that is possible.</summary>
    public static string GetPath(HttpContext context, out bool isEncoded)
    {
        var path = context.Request.Path.Value ?? "";
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        isEncoded = false;
        if (string.IsNullOrEmpty(target) || target[0] != '/' || !target.Contains('%', StringComparison.Ordinal))
        {
            return path;
        }

        var query = target.IndexOf('?', StringComparison.Ordinal);
        var raw = query < 0 ? target : target[..query];
        var pathBase = context.Request.PathBase.Value ?? "";
        // Middleware may have rewritten the path; then the raw target says nothing about it any more.
        if (!string.Equals(DecodeMulti(raw, isEncoded: true), pathBase + path, StringComparison.Ordinal))
        {
            return path;
        }

        isEncoded = true;
        var skipped = pathBase.Count('/');
        var at = 0;
        for (; skipped > 0; skipped--)
        {
            var slash = raw.IndexOf('/', at + 1);
            at = slash < 0 ? raw.Length : slash;
        }

        return raw[at..];
    }

    private static string DecodeSingle(ReadOnlySpan<char> value, bool isEncoded) =>
        isEncoded
            ? Uri.UnescapeDataString(value)
            : value.ToString().Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static string DecodeMulti(ReadOnlySpan<char> value, bool isEncoded)
    {
        if (!isEncoded || !value.Contains('%'))
        {
            return value.ToString();
        }

        var decoded = new StringBuilder(value.Length);
        while (true)
        {
            var slash = value.IndexOf("%2F", StringComparison.OrdinalIgnoreCase);
            if (slash < 0)
            {
                return decoded.Append(Uri.UnescapeDataString(value)).ToString();
            }

            decoded.Append(Uri.UnescapeDataString(value[..slash])).Append(value.Slice(slash, 3));
            value = value[(slash + 3)..];
        }
    }
}
