namespace Batching.Engine.Model;

/// <summary>The outcome of one attempt to send a message.</summary>
/// <param name="Time">When it ended, in whole milliseconds.</param>
/// <param name="StatusCode">The answer's status code; 0 if there was none.</param>
/// <param name="Error">The reason why it has failed; null if it has not.</param>
public sealed record WebhookAttempt(DateTimeOffset Time, int StatusCode, string? Error);
