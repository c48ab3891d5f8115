namespace Batching.CrashTests.History;

/// <summary>The reply to one call of a keyed batch.</summary>
/// <param name="Token">The call.</param>
/// <param name="Status">The status code.</param>
/// <param name="Error">The reason if the gateway answered in the upstream's place; else null.</param>
/// <param name="Hash">Of the body.</param>
internal sealed record KeyedReply(string Token, int Status, string? Error, string Hash);
