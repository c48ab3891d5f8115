namespace Batching.Benchmarks.Grpc;

/// <summary>An item in the record that the transcoder puts around each message of a stream.</summary>
internal sealed record StreamedItemDto(ItemDto Result);
