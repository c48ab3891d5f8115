using System.Globalization;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>
/// Turns templates into ASP.NET Core route patterns. Routing only finds the method; the variables are
/// read from the path by <see cref="PathReader"/>, because routing decodes too early for multi-segment values.
/// </summary>
internal static class RoutePatterns
{
    public static RoutePattern Create(HttpTemplate template)
    {
        var segments = new List<RoutePatternPathSegment>(template.Segments.Count);
        for (var i = 0; i < template.Segments.Count; i++)
        {
            var verb = i == template.Segments.Count - 1 ? template.Verb : null;
            segments.Add(CreateSegment(template.Segments[i], i, verb));
        }

        return RoutePatternFactory.Pattern(template.Text, segments);
    }

    private static RoutePatternPathSegment CreateSegment(TemplateSegment segment, int index, string? verb)
    {
        var name = "s" + index.ToString(CultureInfo.InvariantCulture);
        switch (segment.Kind)
        {
            case SegmentKind.Literal:
                return RoutePatternFactory.Segment(
                    RoutePatternFactory.LiteralPart(verb is null ? segment.Text : $"{segment.Text}:{verb}"));

            case SegmentKind.One when verb is null:
                return RoutePatternFactory.Segment(RoutePatternFactory.ParameterPart(name));

            case SegmentKind.One:
                return RoutePatternFactory.Segment(
                    RoutePatternFactory.ParameterPart(name), RoutePatternFactory.LiteralPart(":" + verb));

            default:
                return RoutePatternFactory.Segment(verb is null
                    ? RoutePatternFactory.ParameterPart(name, @default: null, RoutePatternParameterKind.CatchAll)
                    : RoutePatternFactory.ParameterPart(
                        name,
                        @default: null,
                        RoutePatternParameterKind.CatchAll,
                        RoutePatternFactory.Constraint(new VerbConstraint(verb))));
        }
    }
}
