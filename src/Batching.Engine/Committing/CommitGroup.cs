using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.V1;

namespace Batching.Engine.Committing;

/// <summary>Changes that are committed together. Not thread-safe.</summary>
internal sealed class CommitGroup
{
    /// <summary>Results and other changes in one group.</summary>
    public const int MaxItems = 4096;

    /// <summary>Bytes of results in one group, more or less.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private static readonly UpstreamReply Late = UpstreamReply.FromFailure(Failure.Expired);

    private readonly List<FinishedRequest> _results = [];
    private readonly List<PendingWrite> _writes = [];

    /// <summary>The results.</summary>
    public IReadOnlyList<FinishedRequest> Results => _results;

    /// <summary>The changes but for the results.</summary>
    public IReadOnlyList<PendingWrite> Writes => _writes;

    /// <summary>Results and other changes.</summary>
    public int Count => _results.Count + _writes.Count;

    /// <summary>Of the results.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether it should be committed before more is added.</summary>
    public bool IsFull => Count >= MaxItems || Bytes >= MaxBytes;

    /// <summary>Adds a result. Those of one batch stay in the order in which they are added.</summary>
    public void Add(FinishedRequest finished)
    {
        Bytes += finished.Bytes;
        _results.Add(finished);
    }

    /// <summary>Adds another change.</summary>
    public void Add(PendingWrite write) => _writes.Add(write);

    /// <summary>The results as changes of their batches, in which they get their positions.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="tally">Counts them; null if nobody wants to know.</param>
    public List<(ActiveBatch Batch, StoreWrite.AppendResults Write)> BuildAppends(TimeProvider time, ResultTally? tally)
    {
        var batches = new Dictionary<ActiveBatch, List<FinishedRequest>>();
        foreach (var finished in _results)
        {
            if (!batches.TryGetValue(finished.Batch, out var list))
            {
                batches.Add(finished.Batch, list = []);
            }

            list.Add(finished);
        }

        var appends = new List<(ActiveBatch, StoreWrite.AppendResults)>(batches.Count);
        foreach (var (batch, finished) in batches)
        {
            appends.Add((batch, BuildAppend(batch, finished, time, tally)));
        }

        return appends;
    }

    /// <summary>Everything is durable.</summary>
    public void Complete()
    {
        foreach (var write in _writes)
        {
            write.Done.SetResult();
        }

        foreach (var finished in _results)
        {
            finished.Release();
        }
    }

    private static StoreWrite.AppendResults BuildAppend(
        ActiveBatch batch, List<FinishedRequest> finished, TimeProvider time, ResultTally? tally)
    {
        var record = batch.Record;
        var segments = new ResultSegmentBuilder(record.Finished + 1);
        var added = 0;
        var failed = 0;
        long size = 0;
        var spawned = new List<Request>();
        foreach (var request in finished)
        {
            // Its batch was over before it was done: the response would be deleted the moment it is stored.
            var isLate = request.DoneTime >= record.ExpireTime && request.Reply.Failure == Failure.None;
            Add(request, request.StoredIndex, isLate ? Late : request.Reply);
            foreach (var next in request.Spawned)
            {
                spawned.Add(next.Row);
                if (next.End is { } end)
                {
                    // In the same commit: found without a result after a restart, it would be sent.
                    Add(request, next.Index, end);
                }
            }
        }

        var count = record.Finished + added;
        var total = record.Total + spawned.Count;
        var isDone = count == total;
        var (capacity, runs) = spawned.Count > 0 ? batch.Numbers.Current : (record.Capacity, record.Runs);
        return new StoreWrite.AppendResults(
            record with
            {
                Capacity = capacity,
                Runs = runs,
                Total = total,
                Finished = count,
                Failed = record.Failed + failed,
                ResponseSize = record.ResponseSize + size,
                DoneTime = isDone ? time.GetUtcNow() : null,
                Credential = isDone ? null : record.Credential,
            },
            segments.Build(),
            RequestWindow.Encode(spawned, record.Total));

        void Add(FinishedRequest request, int index, UpstreamReply reply)
        {
            segments.Add(index, reply.StatusCode, reply.Failure, request.DoneTime, reply.Size, reply.Headers, reply.Body);
            tally?.Add(request.Upstream, reply);
            added++;
            failed += reply.Failure != Failure.None || reply.StatusCode >= 400 ? 1 : 0;
            size += reply.Size;
        }
    }
}
