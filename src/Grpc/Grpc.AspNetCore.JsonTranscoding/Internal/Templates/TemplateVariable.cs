namespace Grpc.AspNetCore.JsonTranscoding.Internal.Templates;

/// <summary>
/// A variable of a path template: a field path and the segments <c>[Start, End)</c> that it captures.
/// </summary>
internal sealed record TemplateVariable(string FieldPath, int Start, int End, bool TakesRest)
{
    /// <summary>
    /// Whether the value can hold several segments. Such values keep <c>%2F</c> encoded, because
    /// decoding it would make an encoded slash look like a separator (google/api/http.proto).
    /// </summary>
    public bool IsMultiSegment => TakesRest || End - Start != 1;
}
