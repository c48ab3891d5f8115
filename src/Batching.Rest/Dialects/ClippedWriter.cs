using System.IO.Pipelines;

namespace Batching.Rest.Dialects;

/// <summary>Passes on a part of what is written, and drops what is in front of it and behind it. Not thread-safe.</summary>
/// <param name="target">Gets the part.</param>
/// <param name="from">The place of its first byte.</param>
/// <param name="to">The place behind its last byte.</param>
internal sealed class ClippedWriter(PipeWriter target, long from, long to) : PipeWriter
{
    private Memory<byte> _memory;
    private long _written;

    public override bool CanGetUnflushedBytes => target.CanGetUnflushedBytes;

    public override long UnflushedBytes => target.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _memory = target.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        var start = (int)Math.Clamp(from - _written, 0, bytes);
        var end = (int)Math.Clamp(to - _written, start, bytes);
        _written += bytes;
        if (end == start)
        {
            return;
        }

        if (start > 0)
        {
            _memory.Span[start..end].CopyTo(_memory.Span);
        }

        target.Advance(end - start);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        target.FlushAsync(cancellationToken);

    public override void CancelPendingFlush() => target.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => target.Complete(exception);
}
