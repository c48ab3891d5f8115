namespace Batching.Engine.Quotas;

/// <summary>The things that an owner holds, or wants to hold, in this process: nothing of it is in the store yet.</summary>
internal readonly record struct Holding
{
    public int Batches { get; init; }

    public long Requests { get; init; }

    public long Bytes { get; init; }

    public int Streams { get; init; }

    public int KeyedBatches { get; init; }

    public static Holding operator +(Holding left, Holding right) => new()
    {
        Batches = left.Batches + right.Batches,
        Requests = left.Requests + right.Requests,
        Bytes = left.Bytes + right.Bytes,
        Streams = left.Streams + right.Streams,
        KeyedBatches = left.KeyedBatches + right.KeyedBatches,
    };

    public static Holding operator -(Holding left, Holding right) => new()
    {
        Batches = left.Batches - right.Batches,
        Requests = left.Requests - right.Requests,
        Bytes = left.Bytes - right.Bytes,
        Streams = left.Streams - right.Streams,
        KeyedBatches = left.KeyedBatches - right.KeyedBatches,
    };
}
