using System.Buffers.Binary;
using Google.Protobuf;

namespace Batching.Engine.Model;

/// <summary>
/// The one place at which the body of a page differs from that of its spawner, as the row of the page has it
/// (<see cref="PageRow"/>).
/// </summary>
/// <param name="Start">The first byte of the spawner's body that is left out.</param>
/// <param name="End">The byte behind the last one.</param>
/// <param name="Text">What stands there instead.</param>
internal readonly record struct BodySplice(int Start, int End, ReadOnlyMemory<byte> Text)
{
    private const int HeadLength = 2 * sizeof(int);

    /// <summary>As it is stored.</summary>
    public ByteString Encode()
    {
        var bytes = new byte[HeadLength + Text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Start);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(sizeof(int)), End);
        Text.Span.CopyTo(bytes.AsSpan(HeadLength));
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The body of a page.</summary>
    /// <param name="body">That of its spawner.</param>
    /// <param name="encoded">What its row has; empty for no difference.</param>
    public static ByteString Apply(ByteString body, ByteString encoded)
    {
        if (encoded.IsEmpty)
        {
            return body;
        }

        var start = BinaryPrimitives.ReadInt32LittleEndian(encoded.Span);
        var end = BinaryPrimitives.ReadInt32LittleEndian(encoded.Span[sizeof(int)..]);
        return UnsafeByteOperations.UnsafeWrap(
            (byte[])[.. body.Span[..start], .. encoded.Span[HeadLength..], .. body.Span[end..]]);
    }
}
