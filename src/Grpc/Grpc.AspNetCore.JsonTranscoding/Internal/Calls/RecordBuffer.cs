using System.Buffers;
using System.IO.Pipelines;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Calls;

/// <summary>
/// Writes the records of a stream into the response pipe. Line breaks inside of a record, which can only
/// be white space that a dialect passed through, become blanks: in both stream formats a line break ends a record.
/// The end of a record is taken over together with its suffix, since each step in Kestrel's output costs a lock.
/// </summary>
internal sealed class RecordBuffer(PipeWriter pipe) : IBufferWriter<byte>
{
    private byte[] _prefix = [];
    private Memory<byte> _memory;
    private int _pending;

    /// <summary>Whether some of the current record is in the pipe already.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Bytes written since the last flush.</summary>
    public long UnflushedBytes { get; set; }

    /// <summary>Begins a record; the prefix reaches the pipe together with its first bytes.</summary>
    public void Begin(byte[] prefix)
    {
        _prefix = prefix;
        _memory = default;
        _pending = 0;
        HasWritten = false;
    }

    public void End(ReadOnlySpan<byte> suffix)
    {
        if (suffix.TryCopyTo(_memory.Span[_pending..]))
        {
            _pending += suffix.Length;
            Commit();
            return;
        }

        Commit();
        pipe.Write(suffix);
        UnflushedBytes += suffix.Length;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Commit();
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
        _pending = written.Length;
        _prefix = [];
    }

    private void Commit()
    {
        if (_pending == 0)
        {
            return;
        }

        pipe.Advance(_pending);
        UnflushedBytes += _pending;
        _pending = 0;
        _memory = default;
        HasWritten = true;
    }
}
