using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;

namespace Grpc.AspNetCore.Web.Internal;

/// <summary>
/// Encodes what is written, one padded piece of base64 a flush: readers of gRPC-Web text take such pieces one by one, so
/// that no message waits for the next.
/// </summary>
internal sealed class Base64PipeWriter(PipeWriter inner) : PipeWriter
{
    // A flush that gets no more than this is left to the caller; more goes on to the inner writer, unflushed. A
    // multiple of 3, so that no padding falls into the middle.
    private const int MaxPending = 48 * 1024;

    private readonly ArrayBufferWriter<byte> _pending = new();

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes + _pending.WrittenCount;

    public override void Advance(int bytes)
    {
        _pending.Advance(bytes);
        if (_pending.WrittenCount >= MaxPending)
        {
            Encode();
        }
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _pending.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _pending.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Encode();
        return inner.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        if (exception is null)
        {
            Encode();
        }

        inner.Complete(exception);
    }

    private void Encode()
    {
        if (_pending.WrittenCount == 0)
        {
            return;
        }

        var output = inner.GetSpan(Base64.GetMaxEncodedToUtf8Length(_pending.WrittenCount));
        Base64.EncodeToUtf8(_pending.WrittenSpan, output, out _, out var written);
        inner.Advance(written);
        _pending.ResetWrittenCount();
    }
}
