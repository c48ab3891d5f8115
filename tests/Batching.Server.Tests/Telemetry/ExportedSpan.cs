using System.Globalization;

namespace Batching.Server.Tests.Telemetry;

/// <summary>A span as a collector gets it (opentelemetry/proto/trace/v1/trace.proto).</summary>
internal sealed record ExportedSpan(
    string TraceId,
    string Id,
    string ParentId,
    string Name,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links)
{
    /// <summary>What stands in a <c>traceparent</c>.</summary>
    public string TraceParent => $"00-{TraceId}-{Id}-01";

    /// <summary>The spans of an export.</summary>
    public static IEnumerable<ExportedSpan> ReadAll(byte[] export) => ProtobufFields.Read(export)
        .Messages(1)
        .SelectMany(resource => resource.Messages(2))
        .SelectMany(scope => scope.Messages(2))
        .Select(span => new ExportedSpan(
            span.Hex(1),
            span.Hex(2),
            span.Hex(4),
            span.Text(5),
            span.Messages(9).ToDictionary(attribute => attribute.Text(1), attribute => ValueOf(attribute.Messages(2).Single())),
            [.. span.Messages(13).Select(link => link.Hex(2))]));

    private static string ValueOf(ILookup<int, object> value) => value.Contains(1)
        ? value.Text(1)
        : string.Join(' ', value.SelectMany(field => field).Select(one => Convert.ToString(one, CultureInfo.InvariantCulture)));
}
