using Batching.Engine.Content;

namespace Batching.Cli.Input;

/// <summary>Reads lines as the bytes that they are, so that nothing in them is changed.</summary>
internal static class Utf8Lines
{
    private const int FirstSize = 64 * 1024;

    /// <summary>
    /// The lines of a file without their ends, with their numbers from 1. Each is good until the next one is read. Files are read without
    /// waiting for them asynchronously: that would cost a short run more than the reading itself.
    /// </summary>
    public static IEnumerable<(int Number, ReadOnlyMemory<byte> Line)> Read(Stream stream)
    {
        var buffer = new byte[FirstSize];
        var (start, end, number) = (0, 0, 0);
        while (true)
        {
            var length = buffer.AsSpan(start..end).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return (++number, Clean(buffer.AsMemory(start, length), number));
                start += length + 1;
                continue;
            }

            // The rest goes to the front, into a larger buffer if it fills this one.
            var rest = buffer.AsSpan(start..end);
            var next = rest.Length == buffer.Length ? new byte[buffer.Length * 2] : buffer;
            rest.CopyTo(next);
            (buffer, start, end) = (next, 0, rest.Length);
            var read = stream.Read(buffer.AsSpan(end));
            if (read == 0)
            {
                break;
            }

            end += read;
        }

        if (end > 0)
        {
            yield return (++number, Clean(buffer.AsMemory(0, end), number));
        }
    }

    private static ReadOnlyMemory<byte> Clean(ReadOnlyMemory<byte> line, int number)
    {
        line = number == 1 ? ByteOrderMark.Skip(line) : line;
        return line.Span.EndsWith("\r"u8) ? line[..^1] : line;
    }
}
