using Batching.Engine.Scheduling;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;

namespace Batching.Engine.Committing;

/// <summary>What is committed together. Not thread-safe.</summary>
internal sealed class CommitGroup
{
    private readonly Dictionary<ActiveBatch, List<FinishedRequest>> _finished = [];
    private readonly List<TaskCompletionSource> _waiting = [];

    /// <summary>The changes but for the results.</summary>
    public List<StoreWrite> Writes { get; } = [];

    /// <summary>Results and other changes.</summary>
    public int Count { get; private set; }

    public bool IsEmpty => Count == 0;

    /// <summary>Of the results.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a result. Those of one batch stay in the order in which they are added.</summary>
    public void Add(FinishedRequest finished)
    {
        Count++;
        Bytes += finished.Bytes;
        if (!_finished.TryGetValue(finished.Batch, out var list))
        {
            _finished.Add(finished.Batch, list = []);
        }

        list.Add(finished);
        foreach (var spawned in finished.Spawned)
        {
            spawned.Index = finished.Batch.AddSpawned(taken: spawned.RunsAtOnce || spawned.End is not null);
        }
    }

    /// <summary>Adds another change.</summary>
    /// <param name="write">The change.</param>
    /// <param name="done">Told what becomes of it.</param>
    public void Add(StoreWrite write, TaskCompletionSource done)
    {
        Count++;
        Writes.Add(write);
        _waiting.Add(done);
    }

    /// <summary>The results as changes of their batches, in which they get their positions.</summary>
    public List<(ActiveBatch Batch, StoreWrite.Append Write)> BuildAppends(TimeProvider time)
    {
        var appends = new List<(ActiveBatch, StoreWrite.Append)>(_finished.Count);
        foreach (var (batch, finished) in _finished)
        {
            appends.Add((batch, BuildAppend(batch.Record, finished, time)));
        }

        return appends;
    }

    /// <summary>Tells those who wait for a change that it was not made. The results stay.</summary>
    public void FailWrites(Exception exception)
    {
        foreach (var done in _waiting)
        {
            done.SetException(exception);
        }

        Count -= _waiting.Count;
        _waiting.Clear();
        Writes.Clear();
    }

    /// <summary>Everything is durable.</summary>
    public void Complete()
    {
        foreach (var done in _waiting)
        {
            done.SetResult();
        }

        foreach (var list in _finished.Values)
        {
            foreach (var finished in list)
            {
                finished.Reply.Dispose();
            }
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
            Add(request.StoredIndex, request.Reply, request.DoneTime);
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
