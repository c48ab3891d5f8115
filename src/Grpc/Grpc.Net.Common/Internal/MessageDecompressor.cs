using System.Buffers;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Net.Internal;

internal static class MessageDecompressor
{
    private const int ChunkSize = 16 * 1024;

    /// <summary>Decompresses one payload, stopping as soon as it passes the limit, so that a bomb costs no memory.</summary>
    /// <exception cref="RpcException">The payload is past the limit or malformed.</exception>
    public static ReadOnlySequence<byte> Decompress(
        ICompressionProvider provider,
        in ReadOnlySequence<byte> payload,
        int? maxMessageSize)
    {
        var output = new ArrayBufferWriter<byte>(ChunkSize);
        try
        {
            using var input = new MemoryStream(payload.ToArray(), writable: false);
            using var stream = provider.CreateDecompressionStream(input);
            while (true)
            {
                var read = stream.Read(output.GetSpan(ChunkSize));
                if (read == 0)
                {
                    return new ReadOnlySequence<byte>(output.WrittenMemory);
                }

                output.Advance(read);
                if (output.WrittenCount > (maxMessageSize ?? int.MaxValue))
                {
                    throw MessageErrors.ReceivedTooLarge();
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw MessageErrors.Undecodable(provider.EncodingName);
        }
    }
}
