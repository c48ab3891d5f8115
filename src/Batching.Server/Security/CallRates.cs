using System.Globalization;
using System.Threading.RateLimiting;
using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.Telemetry;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security;

/// <summary>
/// Counts the calls of each owner, and refuses those that come more often than allowed. An owner who has not called for a
/// while leaves nothing behind in memory. Thread-safe.
/// </summary>
internal sealed class CallRates : IDisposable
{
    private static readonly string Limit = OptionKey.Of<QuotaOptions>(nameof(QuotaOptions.CallsPerSecond));
    private const int RefillsPerSecond = 10;

    private readonly BatchMetrics _metrics;
    private readonly QuotaOptions _quotas;
    private readonly PartitionedRateLimiter<string> _limiter;

    public CallRates(BatchMetrics metrics, IOptions<BatchEngineOptions> options)
    {
        _metrics = metrics;
        _quotas = options.Value.Quotas;

        // Refilled in small steps, so that a caller at the limit doesn't come in bursts of a second's calls.
        var tokens = (_quotas.CallsPerSecond + RefillsPerSecond - 1) / RefillsPerSecond;
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = _quotas.CallBurst,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)tokens / _quotas.CallsPerSecond),
            QueueLimit = 0,
        };
        _limiter = PartitionedRateLimiter.Create<string, string>(
            owner => RateLimitPartition.GetTokenBucketLimiter(owner, _ => bucket), StringComparer.Ordinal);
    }

    /// <summary>Counts a call.</summary>
    /// <returns>Why it is refused; null if it isn't.</returns>
    public Refusal? Count(Caller caller)
    {
        using var lease = _limiter.AttemptAcquire(caller.Owner);
        if (lease.IsAcquired)
        {
            return null;
        }

        var refusal = new Refusal.Exhausted(
            Limit,
            _quotas.CallsPerSecond,
            lease.TryGetMetadata(MetadataName.RetryAfter, out var delay) ? delay : Refusal.Exhausted.Soon,
            string.Create(
                CultureInfo.InvariantCulture,
                $"This caller makes more than {_quotas.CallsPerSecond} calls a second ({Limit}). Submit more requests in a batch, and stream results instead of polling."));
        _metrics.CountRefusal(refusal);
        return refusal;
    }

    public void Dispose() => _limiter.Dispose();
}
