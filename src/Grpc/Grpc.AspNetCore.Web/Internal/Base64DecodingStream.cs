using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Web.Internal;

/// <summary>Reads a body of base64, in one piece or in several that each end in padding.</summary>
internal sealed class Base64DecodingStream(PipeReader encoded) : Stream
{
    private const int QuantumChars = 4;
    private const int QuantumBytes = 3;

    // Decoded bytes that the last reader had no room for.
    private readonly byte[] _rest = new byte[QuantumBytes];
    private int _restStart;
    private int _restEnd;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="BadHttpRequestException">The body is no base64.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (_restStart == _restEnd)
        {
            var result = await encoded.ReadAsync(cancellationToken);
            var available = result.Buffer;
            if (available.Length < QuantumChars)
            {
                encoded.AdvanceTo(available.Start, available.End);
                if (!result.IsCompleted)
                {
                    continue;
                }

                return available.IsEmpty ? 0 : throw Malformed();
            }

            var quanta = (int)Math.Min(available.Length / QuantumChars, Math.Max(buffer.Length / QuantumBytes, 1));
            var written = Decode(available.Slice(0, quanta * QuantumChars), buffer.Span, out var consumed);
            encoded.AdvanceTo(available.GetPosition(consumed));
            if (written < 0)
            {
                throw Malformed();
            }

            if (written > 0)
            {
                return written;
            }
        }

        var count = Math.Min(buffer.Length, _restEnd - _restStart);
        _rest.AsMemory(_restStart, count).CopyTo(buffer);
        _restStart += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static BadHttpRequestException Malformed() => new("The body is not valid base64.", StatusCodes.Status400BadRequest);

    /// <summary>Decodes up to the first padded quantum; into the rest if the output is smaller than one. Negative: no base64.</summary>
    private int Decode(in ReadOnlySequence<byte> quanta, Span<byte> output, out long consumed)
    {
        var length = (int)quanta.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            quanta.CopyTo(rented);
            var padding = rented.AsSpan(0, length).IndexOf((byte)'=');
            if (padding >= 0)
            {
                length = Math.Min(length, (padding / QuantumChars * QuantumChars) + QuantumChars);
            }

            consumed = length;
            var target = output.Length < QuantumBytes ? _rest : output;
            var status = Base64.DecodeFromUtf8(rented.AsSpan(0, length), target, out _, out var written);
            if (status != OperationStatus.Done)
            {
                return -1;
            }

            if (output.Length < QuantumBytes)
            {
                (_restStart, _restEnd) = (0, written);
                return 0;
            }

            return written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
