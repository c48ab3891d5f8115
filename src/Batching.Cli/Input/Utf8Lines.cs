using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Batching.Engine.Content;

namespace Batching.Cli.Input;

/// <summary>Reads lines as the bytes that they are, so that nothing in them is changed.</summary>
internal static class Utf8Lines
{
    /// <summary>The lines of a stream without their ends, with their numbers from 1. Each is good until the next one is read.</summary>
    public static async IAsyncEnumerable<(int Number, ReadOnlyMemory<byte> Line)> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var number = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                yield return (++number, Clean(rest.Slice(0, end), number));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (read.IsCompleted)
            {
                if (!rest.IsEmpty)
                {
                    yield return (++number, Clean(rest, number));
                }

                await reader.CompleteAsync();
                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static ReadOnlyMemory<byte> Clean(in ReadOnlySequence<byte> line, int number)
    {
        var bytes = line.IsSingleSegment ? line.First : line.ToArray();
        bytes = number == 1 ? ByteOrderMark.Skip(bytes) : bytes;
        return bytes.Span.EndsWith("\r"u8) ? bytes[..^1] : bytes;
    }
}
