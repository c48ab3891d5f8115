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
    /// <param name="pending">What is appended to open batches, behind what the results have spawned.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tally">Counts them; null if nobody wants to know.</param>
    /// <param name="events">Makes the messages that tell of them.</param>
    public static List<PlannedAppend> Assign(
        IReadOnlyList<FinishedRequest> results,
        IReadOnlyList<PendingAppend> pending,
        TimeProvider time,
        ResultTally? tally,
        EventMessages events)
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

        var given = pending.ToLookup(append => append.Batch);
        foreach (var batch in given)
        {
            batches.TryAdd(batch.Key, []);
        }

        var appends = new List<PlannedAppend>(batches.Count);
        foreach (var (batch, finished) in batches)
        {
            if (batch.Runs is null)
            {
                var write = Append(batch, batch.Record, finished, [.. given[batch]], time, tally, events);
                if (write.Batch != batch.Record)
                {
                    appends.Add(new PlannedAppend(batch, write));
                }

                continue;
            }

            // Others append to it, too: where its results stand is known only once nobody else can. It is not an open one.
            Count(batch.Record, finished, tally);
            appends.Add(new PlannedAppend(
                batch,
                finished.Sum(request => request.Bytes),
                time.GetUtcNow(),
                record => Append(batch, record, finished, [], time, tally: null, events)));
        }

        return appends;
    }

    // Its batch was over before it was done: the response would be deleted the moment it is stored.
    private static UpstreamReply ReplyOf(BatchRecord record, FinishedRequest request) =>
        request.DoneTime >= record.ExpireTime && request.Reply.Failure == Failure.None ? Late : request.Reply;

    private static void Count(BatchRecord record, List<FinishedRequest> finished, ResultTally? tally)
    {
        if (tally is not null)
        {
            finished.ForEach(request => tally.Add(request.Upstream, ReplyOf(record, request)));
        }
    }

    private static StoreWrite.AppendResults Append(
        ActiveBatch batch,
        BatchRecord record,
        List<FinishedRequest> finished,
        PendingAppend[] pending,
        TimeProvider time,
        ResultTally? tally,
        EventMessages events)
    {
        var segments = new ResultSegmentBuilder(record.Finished + 1);
        var added = 0;
        var failed = 0;
        int? firstFailed = null;
        long size = 0;
        var spawned = new List<Request>();
        foreach (var request in finished)
        {
            if (!request.IsUnfinished)
            {
                Add(request, request.StoredIndex, ReplyOf(record, request));
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

        var windows = RequestWindow.Encode(spawned, record.Total);
        var after = record with { Total = record.Total + spawned.Count };
        if (pending.Length > 0)
        {
            foreach (var append in pending)
            {
                after = append.Apply(after);
            }

            windows = [.. windows, .. pending.Where(append => append.Outcome == AppendOutcome.Done).SelectMany(append => append.PlacedWindows())];
        }

        var count = record.Finished + added;
        var isDone = count == after.Total && !after.IsOpen;
        var (capacity, runs) = after.Total > record.Total ? batch.Numbers.Current : (record.Capacity, record.Runs);
        after = after with
        {
            Capacity = capacity,
            Runs = runs,
            Finished = count,
            Failed = record.Failed + failed,
            ResponseSize = record.ResponseSize + size,
            DoneTime = isDone ? record.DoneTime ?? time.GetUtcNow() : null,
            Credential = isDone ? null : record.Credential,
        };
        foreach (var append in pending)
        {
            append.Record = after;
        }

        return new StoreWrite.AppendResults(after, segments.Build(), windows, Seals: record.IsOpen && !after.IsOpen)
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
