namespace Batching.Benchmarks.Neighbours;

/// <summary>What the quiet owner has measured.</summary>
internal sealed class QuietFigure
{
    /// <summary>From the submission of a batch to the end of its results, in milliseconds.</summary>
    public Series Latencies { get; } = new();

    /// <summary>How many batches were run.</summary>
    public int Count => Latencies.Count;

    /// <summary>How many of them failed.</summary>
    public int Failed { get; private set; }

    /// <summary>Why the last one did.</summary>
    public string? LastFailure { get; private set; }

    public double Median => Latencies.Median;

    public double P99 => Latencies.Percentile(99);

    public void Fail(string why)
    {
        Failed++;
        LastFailure = why;
    }
}
