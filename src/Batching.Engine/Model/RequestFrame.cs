using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Model;

/// <summary>
/// The bytes before each request in an encoded window: tag and length of <see cref="Batch.Requests"/>.
/// </summary>
internal static class RequestFrame
{
    /// <summary>Bytes that a frame takes at most.</summary>
    public const int MaxLength = 6;

    private const byte Tag = (Batch.RequestsFieldNumber << 3) | (int)WireFormat.WireType.LengthDelimited;

    /// <summary>Writes the frame of a request.</summary>
    /// <returns>Its bytes.</returns>
    public static int Write(Span<byte> destination, int requestLength)
    {
        var at = 0;
        destination[at++] = Tag;
        var rest = (uint)requestLength;
        for (; rest >= 0x80; rest >>= 7)
        {
            destination[at++] = (byte)(rest | 0x80);
        }

        destination[at++] = (byte)rest;
        return at;
    }

    /// <summary>Reads a frame, and moves behind it.</summary>
    /// <returns>The bytes of the request.</returns>
    public static int Read(ReadOnlySpan<byte> source, ref int at)
    {
        if (source[at++] != Tag)
        {
            throw new InvalidDataException("The window is not a list of requests.");
        }

        return ReadLength(source, ref at);
    }

    /// <summary>Reads a length, and moves behind it.</summary>
    public static int ReadLength(ReadOnlySpan<byte> source, ref int at)
    {
        var length = 0;
        var shift = 0;
        byte digit;
        do
        {
            digit = source[at++];
            length |= (digit & 0x7F) << shift;
            shift += 7;
        }
        while (digit >= 0x80);

        return length;
    }
}
