using System.Buffers;
using Batching.Engine.Files;
using Batching.Engine.Model;

namespace Batching.Rest.OpenAi;

/// <summary>The lines of a stored file, which is read bit by bit. Not thread-safe.</summary>
/// <param name="files">Reads it.</param>
/// <param name="file">The file.</param>
/// <param name="maxBytes">Bytes of a line.</param>
internal sealed class FileLines(BatchFiles files, FileRecord file, int maxBytes) : IDisposable
{
    private const int FirstBytes = 128 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _start;
    private int _end;
    private int _searched;
    private long _offset;

    /// <summary>The line that was read; valid until the next one is. Without its line break.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>The place of its first byte in the file.</summary>
    public long LineOffset { get; private set; }

    /// <summary>Whether the file was deleted, or a line was too long: then nothing more can be read.</summary>
    public FileLinesFault Fault { get; private set; }

    /// <summary>Reads the next line.</summary>
    /// <returns>False at the end, and at a fault.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (Fault == FileLinesFault.None)
        {
            if (_buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n') is >= 0 and var found)
            {
                return TryTake(_searched + found, _searched + found + 1);
            }

            _searched = _end;
            if (_offset == file.Bytes)
            {
                // The last line may have no end.
                return _end > _start && TryTake(_end, _end);
            }

            await FillAsync(cancellationToken);
        }

        return false;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private bool TryTake(int lineEnd, int next)
    {
        if (lineEnd - _start > maxBytes)
        {
            Fault = FileLinesFault.TooLong;
            return false;
        }

        LineOffset = _offset - (_end - _start);
        var line = _buffer.AsMemory(_start, lineEnd - _start);
        Line = line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
        _start = _searched = next;
        return true;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_end - _start > maxBytes)
        {
            Fault = FileLinesFault.TooLong;
            return;
        }

        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_searched, _end, _start) = (_searched - _start, _end - _start, 0);
        }

        if (_end == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(2 * _buffer.Length);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var count = await files.ReadAsync(file, _offset, _buffer.AsMemory(_end), cancellationToken);
        if (count is null or 0)
        {
            Fault = FileLinesFault.Gone;
            return;
        }

        _offset += count.Value;
        _end += count.Value;
    }
}
