using System.Buffers.Binary;

namespace Batching.CrashTests.Callers;

/// <summary>Cuts one direction of an HTTP/2 connection into frames (RFC 9113, section 4.1).</summary>
/// <param name="skip">Bytes before the first one: the client's preface.</param>
/// <param name="onFrame">Takes each.</param>
internal sealed class FrameReader(int skip, FrameReader.FrameHandler onFrame)
{
    public const int Preface = 24;
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte EndStream = 0x1;
    public const byte Padded = 0x8;

    private const int HeadBytes = 9;

    private byte[] _buffer = new byte[32 * 1024];
    private int _filled;

    /// <summary>Takes a frame.</summary>
    public delegate void FrameHandler(byte type, byte flags, int stream, ReadOnlySpan<byte> payload);

    /// <summary>More bytes have passed.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var skipped = Math.Min(skip, bytes.Length);
        skip -= skipped;
        bytes = bytes[skipped..];
        if (_buffer.Length - _filled < bytes.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _filled + bytes.Length));
        }

        bytes.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
        var rest = _buffer.AsSpan(0, _filled);
        while (rest.Length >= HeadBytes)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(rest) >>> 8;
            if (rest.Length < HeadBytes + size)
            {
                break;
            }

            var stream = BinaryPrimitives.ReadInt32BigEndian(rest[5..]) & int.MaxValue;
            onFrame(rest[3], rest[4], stream, rest.Slice(HeadBytes, size));
            rest = rest[(HeadBytes + size)..];
        }

        rest.CopyTo(_buffer);
        _filled = rest.Length;
    }
}
