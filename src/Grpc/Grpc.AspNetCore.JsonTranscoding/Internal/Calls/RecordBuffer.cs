using System.Buffers;
using System.IO.Pipelines;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// Writes the records of a stream into the response pipe. Line breaks inside of a record, which can only
/// be white space that a dialect passed through, become blanks: in both stream formats a line break ends a record.
/// </summary>
internal sealed class RecordBuffer(PipeWriter pipe) : IBufferWriter<byte>
{
    private byte[] _prefix = [];
    private Memory<byte> _memory;

    /// <summary>Whether some of the current record is in the pipe already.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Bytes written since the last flush.</summary>
    public long UnflushedBytes { get; set; }

    /// <summary>Begins a record; the prefix reaches the pipe together with its first bytes.</summary>
    public void Begin(byte[] prefix)
    {
        _prefix = prefix;
        HasWritten = false;
    }

    public void End(ReadOnlySpan<byte> suffix)
    {
        pipe.Write(suffix);
        UnflushedBytes += suffix.Length;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        _memory = pipe.GetMemory(_prefix.Length + Math.Max(sizeHint, 1));
        return _memory[_prefix.Length..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count)
    {
        var written = _memory.Span[..(_prefix.Length + count)];
        var record = written[_prefix.Length..];
        for (int at; (at = record.IndexOfAny((byte)'\n', (byte)'\r')) >= 0; record = record[(at + 1)..])
        {
            record[at] = (byte)' ';
        }

        _prefix.CopyTo(written);
        pipe.Advance(written.Length);
        UnflushedBytes += written.Length;
        _prefix = [];
        HasWritten = true;
    }
}
