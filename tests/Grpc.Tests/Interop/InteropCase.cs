using System.Text.Json;

namespace Grpc.Tests.Interop;

/// <summary>A row of <c>tests/Interop/grpc/cases.json</c>.</summary>
internal sealed record InteropCase
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public required string Name { get; init; }

    public string Service { get; init; } = "grpctest.v1.EchoService";

    public required string Method { get; init; }

    public required IReadOnlyList<JsonElement> Requests { get; init; }

    public int PayloadSize { get; init; }

    public IReadOnlyList<string[]> Metadata { get; init; } = [];

    public int? TimeoutMs { get; init; }

    public int? CancelAfterMs { get; init; }

    public string? Compression { get; init; }

    public required Expectation Expect { get; init; }

    public static IReadOnlyList<InteropCase> Load() =>
        JsonSerializer.Deserialize<List<InteropCase>>(File.ReadAllText(Path.Combine(InteropTools.Folder, "cases.json")), Format)!;

    internal sealed record Expectation
    {
        public string Code { get; init; } = "OK";

        public string? Message { get; init; }

        public IReadOnlyList<string>? Texts { get; init; }

        public int? Count { get; init; }

        public int? PayloadSize { get; init; }

        public int? ReceivedSize { get; init; }

        public IReadOnlyList<string[]> Headers { get; init; } = [];

        public IReadOnlyList<string[]> Trailers { get; init; } = [];

        public string? Reason { get; init; }
    }
}
