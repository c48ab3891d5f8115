using System.Globalization;

namespace Batching.Benchmarks.Robustness;

/// <summary>A minute of a soak.</summary>
internal sealed record SoakMinute(
    int Number, double CallsPerSecond, Series Acks, Series Completions, ProcessSample Process, long Errors)
{
    public const string Head =
        """
        | minute | calls/s | ack p50, ms | ack p99, ms | done p50, ms | done p99, ms | memory, MiB | descriptors | threads | store, MiB | errors |
        |---|---|---|---|---|---|---|---|---|---|---|
        """;

    public string ToRow() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Number} | {CallsPerSecond:0} | {Acks.Percentile(50):0.0} | {Acks.Percentile(99):0.0} | {Completions.Percentile(50):0.0} | {Completions.Percentile(99):0.0} | {Process.ResidentMegabytes:0} | {Process.Descriptors} | {Process.Threads} | {Process.StoreMegabytes:0} | {Errors} |");
}
