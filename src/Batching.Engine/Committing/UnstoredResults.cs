using Batching.Engine.Model;
using Batching.Engine.Running;

namespace Batching.Engine.Committing;

/// <summary>
/// The results that the store has not taken. They are kept until it does: they exist nowhere else. Not thread-safe.
/// </summary>
/// <param name="maxPayloadBytes">The largest payload that the store can ever take.</param>
/// <param name="time">Tells when a batch is over.</param>
internal sealed class UnstoredResults(long maxPayloadBytes, TimeProvider time)
{
    private readonly List<FinishedRequest> _results = [];
    private readonly HashSet<ActiveBatch> _marked = [];

    public bool IsEmpty => _results.Count == 0;

    /// <summary>Takes out those to be tried now, with new ones.</summary>
    /// <param name="finished">The new ones.</param>
    /// <param name="all">Whether those are tried again that were refused; else new ones of their batches wait with them.</param>
    public IReadOnlyList<FinishedRequest> Take(IReadOnlyList<FinishedRequest> finished, bool all)
    {
        if (all)
        {
            List<FinishedRequest> taken = [.. _results, .. finished];
            _results.Clear();
            return taken;
        }

        var waits = _results.Select(result => result.Batch).ToHashSet();
        _results.AddRange(finished.Where(result => waits.Contains(result.Batch)));
        return [.. finished.Where(result => !waits.Contains(result.Batch))];
    }

    /// <summary>Keeps results that were refused.</summary>
    public void Put(IReadOnlyList<FinishedRequest> refused) => _results.AddRange(refused);

    /// <summary>Tells the batches whether results of theirs are here.</summary>
    public void Mark()
    {
        foreach (var batch in _marked)
        {
            batch.HasUnstored = false;
        }

        _marked.Clear();
        foreach (var result in _results)
        {
            result.Batch.HasUnstored = true;
            _marked.Add(result.Batch);
        }
    }

    /// <summary>The smallest first, but those that have to be stored in order in their order.</summary>
    public static IReadOnlyList<FinishedRequest> Sort(IReadOnlyList<FinishedRequest> finished)
    {
        var largest = new Dictionary<ActiveBatch, long>();
        var keys = new long[finished.Count];
        for (var i = 0; i < finished.Count; i++)
        {
            keys[i] = finished[i].Bytes;
            if (finished[i].IsInOrder)
            {
                keys[i] = Math.Max(keys[i], largest.GetValueOrDefault(finished[i].Batch));
                largest[finished[i].Batch] = keys[i];
            }
        }

        return [.. Enumerable.Range(0, finished.Count).OrderBy(i => keys[i]).Select(i => finished[i])];
    }

    /// <summary>
    /// Ends those as failures that wait in vain: too large for the store even if it held nothing else, or of a batch that
    /// was stopped or whose time is over.
    /// </summary>
    /// <param name="refused">Results that were refused.</param>
    /// <returns>All of them, as they are now, and how many bytes that has given back; 0 if none had to end.</returns>
    public (IReadOnlyList<FinishedRequest> Results, long Released) EndHopeless(IReadOnlyList<FinishedRequest> refused)
    {
        var now = time.GetUtcNow();
        var results = new List<FinishedRequest>(refused.Count);
        long released = 0;
        foreach (var result in refused)
        {
            var isHopeless = result.Bytes > maxPayloadBytes
                || result.Batch.StopReason != Failure.None
                || result.Batch.Record.ExpireTime <= now;
            var kept = isHopeless && result.Reply.Failure == Failure.None ? End(result) : result;
            released += result.Bytes - kept.Bytes;
            results.Add(kept);
        }

        return (results, released);
    }

    /// <summary>Ends those as failures that must not be sent again; the others are sent again at the next start.</summary>
    public static IReadOnlyList<FinishedRequest> EndUnsafe(IReadOnlyList<FinishedRequest> refused) =>
        [.. refused.Where(result => result.MustNotRepeat && result.Reply.Failure == Failure.None).Select(End)];

    private static FinishedRequest End(FinishedRequest result)
    {
        result.Reply.Dispose();
        return result with { Reply = UpstreamReply.FromFailure(Failure.StoreFull) };
    }
}
