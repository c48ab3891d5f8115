using System.Globalization;

namespace Batching.Server.Tests.Telemetry;

/// <summary>A span as a collector gets it (opentelemetry/proto/trace/v1/trace.proto).</summary>
internal sealed record ExportedSpan(
    string Service,
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
        .SelectMany(resource => resource.Messages(2)
            .SelectMany(scope => scope.Messages(2))
            .Select(span => (Resource: AttributesOf(resource.Messages(1).Single(), 1), Span: span)))
        .Select(found => Create(found.Resource["service.name"], found.Span));

    private static ExportedSpan Create(string service, ILookup<int, object> span) => new(
        service,
        span.Hex(1),
        span.Hex(2),
        span.Hex(4),
        span.Text(5),
        AttributesOf(span, 9),
        [.. span.Messages(13).Select(link => link.Hex(2))]);

    private static Dictionary<string, string> AttributesOf(ILookup<int, object> message, int number) => message.Messages(number)
        .ToDictionary(attribute => attribute.Text(1), attribute => ValueOf(attribute.Messages(2).Single()));

    private static string ValueOf(ILookup<int, object> value) => value.Contains(1)
        ? value.Text(1)
        : string.Join(' ', value.SelectMany(field => field).Select(one => Convert.ToString(one, CultureInfo.InvariantCulture)));
}
