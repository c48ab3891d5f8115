namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>One segment of a path template; <paramref name="Text"/> is empty unless it is a literal.</summary>
internal readonly record struct TemplateSegment(SegmentKind Kind, string Text);
