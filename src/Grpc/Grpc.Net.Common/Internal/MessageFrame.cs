using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Net.Internal;

/// <summary>The frame around each message: a flag byte, the length in four bytes, the payload ("Length-Prefixed-Message").</summary>
internal static class MessageFrame
{
    public const int HeaderSize = 5;

    /// <summary>Finds the first message in the buffer; false when more bytes are needed.</summary>
    /// <exception cref="RpcException">The flag is invalid or the length is past the limit.</exception>
    public static bool TryRead(
        in ReadOnlySequence<byte> buffer,
        int? maxMessageSize,
        out ReadOnlySequence<byte> payload,
        out bool compressed)
    {
        if (buffer.Length < HeaderSize)
        {
            payload = default;
            compressed = false;
            return false;
        }

        Span<byte> copy = stackalloc byte[HeaderSize];
        scoped var header = buffer.FirstSpan;
        if (header.Length < HeaderSize)
        {
            buffer.Slice(0, HeaderSize).CopyTo(copy);
            header = copy;
        }

        compressed = header[0] switch
        {
            0 => false,
            1 => true,
            _ => throw MessageErrors.InvalidFlag(),
        };
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)(maxMessageSize ?? int.MaxValue))
        {
            throw MessageErrors.ReceivedTooLarge();
        }

        if (buffer.Length - HeaderSize < length)
        {
            payload = default;
            return false;
        }

        payload = buffer.Slice(HeaderSize, length);
        return true;
    }

    public static void WriteHeader(Span<byte> header, int length, bool compressed)
    {
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
    }
}
