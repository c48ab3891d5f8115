using System.Buffers.Binary;
using System.Text.Json;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Benchmarks.Driver;

/// <summary>A batch of GETs, encoded once and sent as often as wanted.</summary>
internal sealed class Submission
{
    private Submission(int count, byte[] frame, byte[] oneCallFrame, byte[] json)
    {
        Count = count;
        Frame = frame;
        OneCallFrame = oneCallFrame;
        Json = json;
    }

    /// <summary>How many requests it has.</summary>
    public int Count { get; }

    /// <summary>As a gRPC call has it: the frame of a <see cref="CreateBatchRequest"/>.</summary>
    public ReadOnlyMemory<byte> Frame { get; }

    /// <summary>The frame of a <see cref="SubmitBatchRequest"/>.</summary>
    public ReadOnlyMemory<byte> OneCallFrame { get; }

    /// <summary>As a v0 path has it.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>GETs of <c>/items/0</c>, <c>/items/1</c> …</summary>
    public static Submission OfGets(int count)
    {
        var paths = Enumerable.Range(0, count).Select(i => $"/items/{i}").ToArray();
        var batch = new CreateBatchRequest { Requests = { paths.Select(path => new Request { Path = path }) } };
        return new Submission(
            count,
            ToFrame(batch),
            ToFrame(new SubmitBatchRequest { Batch = batch }),
            JsonSerializer.SerializeToUtf8Bytes(paths.Select(path => new { path })));
    }

    /// <summary>The frame of a message.</summary>
    public static byte[] ToFrame(IMessage message)
    {
        var frame = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        message.WriteTo(frame.AsSpan(5));
        return frame;
    }
}
