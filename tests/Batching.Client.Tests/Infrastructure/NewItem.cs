namespace Batching.Client.Tests.Infrastructure;

/// <summary>An item that is to be made.</summary>
public sealed record NewItem(string Name);
