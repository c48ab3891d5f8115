using System.Collections.Concurrent;

namespace Batching.Benchmarks.Robustness;

/// <summary>What happened during a stretch of a soak. Thread-safe.</summary>
internal sealed class SoakMeter
{
    private const int KeptErrors = 20;

    private readonly ConcurrentQueue<string> _errors = new();
    private ConcurrentBag<double> _acks = [];
    private ConcurrentBag<double> _completions = [];
    private long _calls;
    private long _errorCount;

    /// <summary>The first of the errors.</summary>
    public IEnumerable<string> Errors => _errors;

    public long ErrorCount => Interlocked.Read(ref _errorCount);

    public void AddCalls(int calls) => Interlocked.Add(ref _calls, calls);

    public void AddAck(TimeSpan time) => _acks.Add(time.TotalMilliseconds);

    public void AddCompletion(TimeSpan time) => _completions.Add(time.TotalMilliseconds);

    public void AddError(string message)
    {
        if (Interlocked.Increment(ref _errorCount) <= KeptErrors)
        {
            _errors.Enqueue(message);
        }
    }

    /// <summary>Takes what has come together since the last time.</summary>
    public (long Calls, Series Acks, Series Completions) Take()
    {
        var acks = new Series();
        foreach (var ack in Interlocked.Exchange(ref _acks, []))
        {
            acks.Add(ack);
        }

        var completions = new Series();
        foreach (var completion in Interlocked.Exchange(ref _completions, []))
        {
            completions.Add(completion);
        }

        return (Interlocked.Exchange(ref _calls, 0), acks, completions);
    }
}
