using System.Buffers.Binary;

namespace Batching.Engine.Model;

/// <summary>The part of a result that is kept for as long as its batch: everything but headers and body.</summary>
/// <param name="Index">Which request of the batch this is the result of.</param>
/// <param name="StatusCode">The status code of the API, or the one the gateway answers in its place.</param>
/// <param name="Failure">Why the gateway had to answer; <see cref="Failure.None"/> if the API did.</param>
/// <param name="DoneTime">When the answer was complete, in whole milliseconds.</param>
/// <param name="Size">Bytes of the API's body, as reported to the caller.</param>
/// <param name="Offset">Where in the segment's payload the headers begin; the body follows them.</param>
/// <param name="HeadersLength">Bytes of encoded headers.</param>
/// <param name="BodyLength">Bytes of body, or of the message of a failure.</param>
public readonly record struct ResultEntry(
    int Index,
    int StatusCode,
    Failure Failure,
    DateTimeOffset DoneTime,
    long Size,
    int Offset,
    int HeadersLength,
    int BodyLength)
{
    /// <summary>Bytes of one encoded entry.</summary>
    public const int EncodedLength = 36;

    /// <summary>A status of 400 or above, or an answer that the gateway had to give.</summary>
    public bool Failed => Failure != Failure.None || StatusCode >= 400;

    internal void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, Index);
        BinaryPrimitives.WriteInt16LittleEndian(destination[4..], (short)StatusCode);
        destination[6] = (byte)Failure;
        destination[7] = 0;
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], DoneTime.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Size);
        BinaryPrimitives.WriteInt32LittleEndian(destination[24..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], HeadersLength);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], BodyLength);
    }

    internal static ResultEntry Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt32LittleEndian(source),
        BinaryPrimitives.ReadInt16LittleEndian(source[4..]),
        (Failure)source[6],
        DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(source[8..])),
        BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[24..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[28..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[32..]));
}
