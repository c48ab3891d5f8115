using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>Decides what comes of a message after an attempt. Thread-safe.</summary>
internal sealed class RetryPlan(IOptions<BatchEngineOptions> options, TimeProvider time)
{
    // Doubling ends far beyond the longest delay.
    private const int MaxDoublings = 30;

    private readonly WebhookOptions _options = options.Value.Webhooks;

    /// <summary>The change that notes an attempt.</summary>
    /// <param name="message">The message as it was before.</param>
    /// <param name="result">What came of the attempt.</param>
    public StoreWrite.NoteAttempt After(WebhookMessage message, AttemptResult result)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var next = now + Delay(message.Attempts, result.RetryAfter);
        var state = result.Error is null ? WebhookState.Delivered
            : result.IsGone || next > message.EndTime ? WebhookState.GivenUp
            : WebhookState.Waiting;
        return new StoreWrite.NoteAttempt(
            message.BatchKey,
            message.Event,
            new WebhookAttempt(now, result.StatusCode, result.Error),
            state,
            state == WebhookState.Waiting ? next : message.NextTime);
    }

    // A quarter more or less, so that messages that have failed together don't come back together; but never before the receiver
    // wants it.
    private TimeSpan Delay(int attempts, TimeSpan? retryAfter)
    {
        var delay = Math.Min(
            _options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(attempts, MaxDoublings)),
            _options.MaxRetryDelay.TotalMilliseconds);
        var own = TimeSpan.FromMilliseconds(Math.Ceiling(delay * (0.75 + (Random.Shared.NextDouble() / 2))));
        return retryAfter is { } asked && asked + (own / 4) > own ? asked + (own / 4) : own;
    }
}
