namespace Batching.Engine;

/// <summary>Who calls.</summary>
/// <param name="Owner">Whose batches the caller may see: an opaque text, the same for the same credential.</param>
/// <param name="Authorization">The value of the <c>Authorization</c> field to send to the upstream, if any.</param>
public sealed record Caller(string Owner, string? Authorization);
