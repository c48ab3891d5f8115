using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace Batching.CrashTests.Callers;

/// <summary>What has arrived of the reply to one gRPC call. Written by its connection, read when it has ended.</summary>
internal sealed class ArrivedReply
{
    // gRPC over HTTP/2, Length-Prefixed-Message: a flag for compressed messages, and four bytes of length.
    private const int PrefixBytes = 5;

    private readonly ArrayBufferWriter<byte> _data = new();
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True once all of it is here, to the frame that ends its stream; false once it is known that it never will be.</summary>
    public Task<bool> IsWhole => _ended.Task;

    public void Append(ReadOnlySpan<byte> data) => _data.Write(data);

    public void End(bool isWhole) => _ended.TrySetResult(isWhole);

    /// <summary>Its complete messages.</summary>
    public IReadOnlyList<T> Read<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        var messages = new List<T>();
        var rest = _data.WrittenSpan;
        while (rest.Length >= PrefixBytes)
        {
            if (rest[0] != 0)
            {
                throw new InvalidDataException("A message is compressed, though nobody has said that it may be.");
            }

            var size = BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
            rest = rest[PrefixBytes..];
            if (rest.Length < size)
            {
                break;
            }

            // Not all types of these messages can be read from a span.
            messages.Add(parser.ParseFrom(rest[..size].ToArray()));
            rest = rest[size..];
        }

        return messages;
    }
}
