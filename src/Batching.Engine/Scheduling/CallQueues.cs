using Batching.Engine.Telemetry;
using Batching.Engine.Upstreams;
using Microsoft.Extensions.Logging;

namespace Batching.Engine.Scheduling;

/// <summary>The queues of all upstreams. Thread-safe.</summary>
internal sealed class CallQueues : IDisposable
{
    private readonly Dictionary<Upstream, CallQueue> _queues;

    public CallQueues(UpstreamRouter router, BatchMetrics metrics, TimeProvider time, ILogger<CallQueues> logger)
    {
        _queues = router.Upstreams.ToDictionary(
            upstream => upstream, upstream => new CallQueue(upstream.Options, time, logger, upstream.Metrics));
        metrics.ObserveUpstreams(() => _queues.Select(queue => new UpstreamLoad(
            queue.Key.Name, queue.Value.Waiting, queue.Value.InFlight, queue.Value.Limit)));
    }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<CallQueue> All => _queues.Values;

    /// <summary>All of them, with the names of their upstreams.</summary>
    public IEnumerable<(string Name, CallQueue Queue)> Named => _queues.Select(queue => (queue.Key.Name, queue.Value));

    /// <summary>The queue of an upstream.</summary>
    public CallQueue Of(Upstream upstream) => _queues[upstream];

    public void Dispose()
    {
        foreach (var queue in _queues.Values)
        {
            queue.Dispose();
        }
    }
}
