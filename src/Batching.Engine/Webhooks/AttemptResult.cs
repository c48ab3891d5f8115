namespace Batching.Engine.Webhooks;

/// <summary>The answer of a receiver, or the lack of it.</summary>
/// <param name="StatusCode">The status code; 0 if there was none.</param>
/// <param name="Error">The reason why the attempt has failed; null if it has not.</param>
/// <param name="RetryAfter">The time that the receiver asks to wait; null if it doesn't.</param>
internal readonly record struct AttemptResult(int StatusCode, string? Error, TimeSpan? RetryAfter = null)
{
    /// <summary>The receiver wants no more messages (410, as Standard Webhooks has it).</summary>
    public bool IsGone => StatusCode == 410;
}
