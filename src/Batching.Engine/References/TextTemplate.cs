using System.Text;
using Batching.Engine.Content;

namespace Batching.Engine.References;

/// <summary>
/// A text with references in it, each as <c>${…}</c>. A dollar sign in front of that stands for itself if there are two of them:
/// <c>$${</c> is the text <c>${</c>, and <c>$$${key#/id}</c> is a dollar sign and a reference.
/// </summary>
internal sealed class TextTemplate
{
    private readonly List<(string Literal, Reference? Reference)> _parts;

    private TextTemplate(List<(string Literal, Reference? Reference)> parts) => _parts = parts;

    /// <summary>Its references, in order.</summary>
    public IEnumerable<Reference> References =>
        _parts.Where(static part => part.Reference is not null).Select(static part => part.Reference!);

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="problem">What is wrong with it, as a sentence without its subject; null if nothing is.</param>
    /// <returns>Null if there is nothing to put into it, or something is wrong with it.</returns>
    public static TextTemplate? Parse(string text, out string? problem)
    {
        problem = null;
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = new List<(string Literal, Reference? Reference)>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var dollars = text.AsSpan(i).IndexOfAnyExcept('$') is var run and >= 0 ? run : text.Length - i;
            if (dollars == 0)
            {
                literal.Append(text[i++]);
                continue;
            }

            i += dollars;
            if (i == text.Length || text[i] != '{')
            {
                literal.Append('$', dollars);
                continue;
            }

            literal.Append('$', dollars / 2);
            if (dollars % 2 == 0)
            {
                literal.Append('{');
                i++;
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0)
            {
                problem = "has ${ without the } that ends it; $${ stands for the text ${";
                return null;
            }

            var inner = text[(i + 1)..end];
            if (Reference.Parse(inner, out var wrong) is not { } reference)
            {
                problem = $"has the reference {CallerText.Quote(inner)}, which {wrong}; $${{ stands for the text ${{";
                return null;
            }

            parts.Add((literal.ToString(), null));
            parts.Add(("", reference));
            literal.Clear();
            i = end + 1;
        }

        parts.Add((literal.ToString(), null));
        return new TextTemplate(parts);
    }

    /// <summary>The text with the values in it.</summary>
    /// <param name="values">The values.</param>
    /// <param name="maxLength">Characters that it may have; one that would be longer is a problem of <paramref name="values"/>.</param>
    public string Fill(ReferenceFill values, int maxLength)
    {
        var text = new StringBuilder();
        foreach (var (literal, reference) in _parts)
        {
            text.Append(reference is null ? literal : values.ReadText(reference));
            if (!values.HasRoom(text.Length, maxLength, "characters"))
            {
                return "";
            }
        }

        return text.ToString();
    }

    /// <summary>
    /// The same of a path with its query: each value is percent-encoded, so that it is a part of a segment, or of one parameter, and
    /// nothing else. One that would leave a hole in the path is a problem.
    /// </summary>
    /// <inheritdoc cref="Fill"/>
    public string FillPath(ReferenceFill values, int maxLength)
    {
        var path = new StringBuilder();
        var isQuery = false;
        foreach (var (literal, reference) in _parts)
        {
            if (reference is null)
            {
                path.Append(literal);
                isQuery |= literal.Contains('?', StringComparison.Ordinal);
            }
            else
            {
                path.Append(Uri.EscapeDataString(values.ReadText(reference, mayBeEmpty: isQuery)));
            }

            if (!values.HasRoom(path.Length, maxLength, "characters"))
            {
                return "";
            }
        }

        return path.ToString();
    }
}
