using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Telemetry;
using Batching.V1;

namespace Batching.Engine.Committing;

/// <summary>Gives results their positions in their batches, and the batches their new counts.</summary>
internal static class PositionAssigner
{
    private static readonly UpstreamReply Late = UpstreamReply.FromFailure(Failure.Expired);

    /// <summary>Makes the results of a group changes of their batches: each gets the next position of its batch.</summary>
    /// <param name="results">The results. Those of one batch keep their order.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tally">Counts them; null if nobody wants to know.</param>
    /// <param name="events">Makes the messages that tell of them.</param>
    public static List<(ActiveBatch Batch, StoreWrite.AppendResults Write)> Assign(
        IReadOnlyList<FinishedRequest> results, TimeProvider time, ResultTally? tally, EventMessages events)
    {
        var batches = new Dictionary<ActiveBatch, List<FinishedRequest>>();
        foreach (var finished in results)
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
            appends.Add((batch, Append(batch, finished, time, tally, events)));
        }

        return appends;
    }

    private static StoreWrite.AppendResults Append(
        ActiveBatch batch, List<FinishedRequest> finished, TimeProvider time, ResultTally? tally, EventMessages events)
    {
        var record = batch.Record;
        var segments = new ResultSegmentBuilder(record.Finished + 1);
        var added = 0;
        var failed = 0;
        int? firstFailed = null;
        long size = 0;
        var spawned = new List<Request>();
        foreach (var request in finished)
        {
            // Its batch was over before it was done: the response would be deleted the moment it is stored.
            var isLate = request.DoneTime >= record.ExpireTime && request.Reply.Failure == Failure.None;
            if (!request.IsUnfinished)
            {
                Add(request, request.StoredIndex, isLate ? Late : request.Reply);
            }

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
        var after = record with
        {
            Capacity = capacity,
            Runs = runs,
            Total = total,
            Finished = count,
            Failed = record.Failed + failed,
            ResponseSize = record.ResponseSize + size,
            DoneTime = isDone ? time.GetUtcNow() : null,
            Credential = isDone ? null : record.Credential,
        };
        return new StoreWrite.AppendResults(after, segments.Build(), RequestWindow.Encode(spawned, record.Total))
        {
            Messages = events.Of(record, after, firstFailed),
        };

        void Add(FinishedRequest request, int index, UpstreamReply reply)
        {
            segments.Add(index, reply.StatusCode, reply.Failure, request.DoneTime, reply.Size, reply.Headers, reply.Body);
            tally?.Add(request.Upstream, reply);
            added++;
            if (reply.Failure != Failure.None || reply.StatusCode >= 400)
            {
                firstFailed ??= index;
                failed++;
            }

            size += reply.Size;
        }
    }
}
