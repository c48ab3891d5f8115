using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Committing;

/// <summary>What is committed together. Not thread-safe.</summary>
internal sealed class CommitGroup
{
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

    /// <summary>Adds a result. Those of one batch stay in the order in which they are added.</summary>
    public void Add(FinishedRequest finished)
    {
        Bytes += finished.Bytes;
        _results.Add(finished);
    }

    /// <summary>Adds another change.</summary>
    public void Add(PendingWrite write) => _writes.Add(write);

    /// <summary>The results as changes of their batches, in which they get their positions.</summary>
    public List<(ActiveBatch Batch, StoreWrite.Append Write)> BuildAppends(TimeProvider time)
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

        var appends = new List<(ActiveBatch, StoreWrite.Append)>(batches.Count);
        foreach (var (batch, finished) in batches)
        {
            appends.Add((batch, BuildAppend(batch.Record, finished, time)));
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
            finished.Reply.Dispose();
        }
    }

    private static StoreWrite.Append BuildAppend(
        BatchRecord record, List<FinishedRequest> finished, TimeProvider time)
    {
        var segments = new ResultSegmentBuilder(record.Finished + 1);
        var added = 0;
        var failed = 0;
        long size = 0;
        var spawned = new List<Request>();
        foreach (var request in finished)
        {
            // Its batch was over before it was done: the response would be deleted the moment it is stored.
            var isLate = request.DoneTime >= record.ExpireTime && request.Reply.Failure == Failure.None;
            Add(request.StoredIndex, isLate ? Late : request.Reply, request.DoneTime);
            foreach (var next in request.Spawned)
            {
                spawned.Add(next.Definition);
                if (next.End is { } end)
                {
                    // In the same commit: found without a result after a restart, it would be sent.
                    Add(next.Index, end, request.DoneTime);
                }
            }
        }

        var count = record.Finished + added;
        var total = record.Total + spawned.Count;
        var isDone = count == total;
        return new StoreWrite.Append(
            record with
            {
                Total = total,
                Finished = count,
                Failed = record.Failed + failed,
                ResponseSize = record.ResponseSize + size,
                DoneTime = isDone ? time.GetUtcNow() : null,
                Credential = isDone ? null : record.Credential,
            },
            segments.Build(),
            RequestWindow.Encode(spawned, record.Total));

        void Add(int index, UpstreamReply reply, DateTimeOffset doneTime)
        {
            segments.Add(index, reply.StatusCode, reply.Failure, doneTime, reply.Size, reply.Headers, reply.Body);
            added++;
            failed += reply.Failure != Failure.None || reply.StatusCode >= 400 ? 1 : 0;
            size += reply.Size;
        }
    }
}
