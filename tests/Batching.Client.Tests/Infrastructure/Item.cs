namespace Batching.Client.Tests.Infrastructure;

/// <summary>An item of the sample API.</summary>
public sealed record Item(int Id, string Name);
