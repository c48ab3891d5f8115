namespace Batching.CrashTests.Upstream;

/// <summary>A call that has reached the upstream. In the journal before anything is answered.</summary>
/// <param name="Number">1, 2, 3 … over all calls.</param>
/// <param name="Token">Which request it is; of a page with the number of the page.</param>
/// <param name="Method">Its method.</param>
/// <param name="IdempotencyKey">The header field of that name; null without one.</param>
/// <param name="Authorization">The header field of that name; null without one.</param>
/// <param name="Body">Its body as text.</param>
/// <param name="Time">When its body was complete.</param>
public sealed record ReceivedCall(
    long Number,
    string Token,
    string Method,
    string? IdempotencyKey,
    string? Authorization,
    string Body,
    DateTimeOffset Time);
