namespace Batching.Benchmarks.Grpc;

/// <summary>An item as System.Text.Json reads and writes it.</summary>
internal sealed record ItemDto(string Id, string Name, int Quantity, double Price, bool Available, string[] Tags);
