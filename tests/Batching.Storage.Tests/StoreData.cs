using Batching.Engine.Model;
using Batching.Engine.Storage;
using Batching.V1;

namespace Batching.Storage.Tests;

/// <summary>Batches, windows and segments to store.</summary>
internal static class StoreData
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static BatchRecord Batch(long key, int total = 4, string owner = "alice", int capacity = 10_000) => new()
    {
        Key = key,
        Owner = owner,
        CreateTime = Start,
        ExpireTime = Start.AddHours(1),
        DeleteTime = Start.AddHours(25),
        Capacity = capacity,
        Total = total,
        Credential = [1, 2, 3],
        Peer = "2001:db8::1",
        Trace = "0af7651916cd43dd8448eb211c80319c-01",
    };

    public static StoreWrite.Accept Accept(BatchRecord batch, params RequestWindow[] windows) =>
        new(batch, windows.Length > 0 ? windows : [Window(0, batch.Total)]);

    public static RequestWindow Window(int firstIndex, int count, int bytes = 100)
    {
        var data = new byte[bytes];
        new Random(firstIndex).NextBytes(data);
        return new RequestWindow(firstIndex, count, data);
    }

    public static IReadOnlyList<Request> Requests(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Request { Path = $"items/{i}" })];

    /// <summary>One segment; the request with index i has the result at position i + 1.</summary>
    public static ResultSegment Segment(int firstPosition, int count, int bodyBytes = 10)
    {
        var builder = new ResultSegmentBuilder(firstPosition);
        var random = new Random(firstPosition);
        for (var i = 0; i < count; i++)
        {
            var body = new byte[bodyBytes];
            random.NextBytes(body);
            var doneTime = Start.AddSeconds(i);
            builder.Add(firstPosition - 1 + i, 200, Failure.None, doneTime, bodyBytes, "h"u8.ToArray(), body);
        }

        return Assert.Single(builder.Build());
    }

    /// <summary>The batch as it is once the segments are stored too, done if they are the last.</summary>
    public static BatchRecord After(this BatchRecord batch, params ResultSegment[] segments)
    {
        var finished = batch.Finished + segments.Sum(segment => segment.Count);
        var done = finished == batch.Total;
        return batch with
        {
            Finished = finished,
            ResponseSize = batch.ResponseSize + segments.Sum(segment => (long)(segment.Payload?.Length ?? 0)),
            DoneTime = done ? Start.AddMinutes(1) : null,
            Credential = done ? null : batch.Credential,
        };
    }

    public static StoreWrite.AppendResults Append(BatchRecord before, params ResultSegment[] segments) =>
        new(before.After(segments), segments, []);
}
