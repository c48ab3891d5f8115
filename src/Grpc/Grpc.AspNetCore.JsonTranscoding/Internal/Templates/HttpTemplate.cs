using System.Text;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>A parsed path template of <c>google.api.http</c>.</summary>
internal sealed class HttpTemplate(
    string text,
    IReadOnlyList<TemplateSegment> segments,
    IReadOnlyList<TemplateVariable> variables,
    string? verb)
{
    public string Text { get; } = text;

    public IReadOnlyList<TemplateSegment> Segments { get; } = segments;

    public IReadOnlyList<TemplateVariable> Variables { get; } = variables;

    /// <summary>The part behind the last colon, without it; null when the template has none.</summary>
    public string? Verb { get; } = verb;

    /// <summary>
    /// The template without its variable names. Two templates of one shape match the same paths, so
    /// they can't both serve one HTTP method. Routing ignores the case of literals, hence the folding.
    /// </summary>
    public string Shape
    {
        get
        {
            var shape = new StringBuilder();
            foreach (var segment in Segments)
            {
                shape.Append('/').Append(segment.Kind switch
                {
                    SegmentKind.One => "*",
                    SegmentKind.Rest => "**",
                    _ => Uri.EscapeDataString(segment.Text.ToUpperInvariant()),
                });
            }

            return Verb is null ? shape.ToString() : shape.Append(':').Append(Verb.ToUpperInvariant()).ToString();
        }
    }

    /// <summary>Whether a decoded path matches, as routing would see it.</summary>
    public bool Matches(string path)
    {
        var parts = path.Trim('/').Split('/', StringSplitOptions.None);
        if (Verb is not null)
        {
            if (!parts[^1].EndsWith(":" + Verb, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            parts[^1] = parts[^1][..^(Verb.Length + 1)];
        }

        var count = parts is [""] ? 0 : parts.Length;
        for (var i = 0; i < Segments.Count; i++)
        {
            var segment = Segments[i];
            if (segment.Kind == SegmentKind.Rest)
            {
                return true;
            }

            if (i >= count || parts[i].Length == 0 || (segment.Kind == SegmentKind.Literal &&
                !parts[i].Equals(segment.Text, StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }
        }

        return count == Segments.Count;
    }

    /// <summary>Parses a template.</summary>
    /// <exception cref="FormatException">The text doesn't follow the grammar of google/api/http.proto.</exception>
    public static HttpTemplate Parse(string text) => new HttpTemplateParser(text).Parse();
}
