namespace Batching.Benchmarks.Graph;

/// <summary>An entity of the service, of about 1 KiB.</summary>
public sealed record Operation(int Id, string Text);
