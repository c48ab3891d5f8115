using System.Buffers;
using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Net.Internal;

/// <summary>
/// Takes a payload from a serializer and puts it, framed, into the call's output. When the length is known and
/// nothing compresses, the serializer writes straight into the output: a small message into one block that is
/// taken over only when it is complete, since each step in Kestrel's output costs a lock. One per thread serves all
/// calls, as serializers run synchronously.
/// </summary>
internal sealed class PayloadWriter : SerializationContext, IBufferWriter<byte>
{
    private const int MaxKeptBuffer = 1024 * 1024;

    // The size of the blocks in Kestrel's memory pool: a larger one would have to be allocated.
    private const int MaxBlock = 4096;

    [ThreadStatic]
    private static PayloadWriter? _cached;

    private IBufferWriter<byte> _output = null!;
    private ICompressionProvider? _compression;
    private CompressionLevel? _compressionLevel;
    private int? _maxMessageSize;

    private ArrayBufferWriter<byte>? _buffer;
    private Memory<byte> _block;
    private int _announced;
    private int _written;
    private State _state;

    private enum State
    {
        Start,
        Block,
        Direct,
        Buffered,
        Complete,
    }

    /// <summary>Serializes a message into the output.</summary>
    /// <param name="serializer">The marshaller's.</param>
    /// <param name="message">The message.</param>
    /// <param name="output">Takes the frame; nothing is flushed.</param>
    /// <param name="compression">Compresses the payload; null leaves it as it is.</param>
    /// <param name="compressionLevel">Null for the provider's own.</param>
    /// <param name="maxMessageSize">The limit of the payload before compression, in bytes; null for none.</param>
    /// <param name="torn">True when an exception left half a frame in the output: the stream can only be reset.</param>
    /// <returns>The bytes put into the output.</returns>
    /// <exception cref="RpcException">The message is past the limit; nothing was written.</exception>
    public static int Serialize<T>(
        Action<T, SerializationContext> serializer,
        T message,
        IBufferWriter<byte> output,
        ICompressionProvider? compression,
        CompressionLevel? compressionLevel,
        int? maxMessageSize,
        ref bool torn)
    {
        var writer = _cached ?? new PayloadWriter();
        _cached = null;
        writer._output = output;
        writer._compression = compression;
        writer._compressionLevel = compressionLevel;
        writer._maxMessageSize = maxMessageSize;
        writer._announced = -1;
        writer._written = 0;
        writer._state = State.Start;
        try
        {
            serializer(message, writer);
            if (writer._state != State.Complete)
            {
                throw new InvalidOperationException("The serializer did not complete its payload.");
            }

            return writer._written;
        }
        catch
        {
            torn = writer._state == State.Direct;
            throw;
        }
        finally
        {
            writer._output = null!;
            writer._compression = null;
            writer._block = default;
            if (writer._buffer is { } buffer)
            {
                if (buffer.Capacity > MaxKeptBuffer)
                {
                    writer._buffer = null;
                }
                else
                {
                    buffer.ResetWrittenCount();
                }
            }

            _cached = writer;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        if (_state != State.Start)
        {
            throw new InvalidOperationException("The payload length must be set before the payload is written.");
        }

        ThrowIfTooLarge(payloadLength);
        _announced = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_state == State.Start)
        {
            if (_announced >= 0 && _compression is null)
            {
                BeginDirect();
            }
            else
            {
                _buffer ??= new ArrayBufferWriter<byte>(Math.Max(_announced, 256));
                _state = State.Buffered;
            }
        }
        else if (_state == State.Complete)
        {
            throw new InvalidOperationException("The payload is complete already.");
        }

        return this;
    }

    public override void Complete()
    {
        switch (_state)
        {
            case State.Start:
                if (_announced > 0)
                {
                    throw ThrowLengthMismatch();
                }

                WritePayload([]);
                break;
            case State.Block when _written == _announced + MessageFrame.HeaderSize:
                _output.Advance(_written);
                break;
            case State.Block:
                throw ThrowLengthMismatch();
            case State.Direct:
                if (_written != _announced + MessageFrame.HeaderSize)
                {
                    throw ThrowLengthMismatch();
                }

                break;
            case State.Buffered:
                WritePayload(_buffer!.WrittenSpan);
                break;
            default:
                throw new InvalidOperationException("The payload is complete already.");
        }

        _state = State.Complete;
    }

    public override void Complete(byte[] payload)
    {
        if (_state != State.Start)
        {
            throw new InvalidOperationException("The payload is being written already, or is complete.");
        }

        WritePayload(payload);
        _state = State.Complete;
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        switch (_state)
        {
            case State.Block:
                ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_block.Length - _written));
                _written += count;
                break;
            case State.Direct:
                _output.Advance(count);
                _written += count;
                break;
            default:
                _buffer!.Advance(count);
                break;
        }
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => _state switch
    {
        State.Block when sizeHint <= _block.Length - _written => _block[_written..],
        State.Block => throw ThrowLengthMismatch(),
        State.Direct => _output.GetMemory(sizeHint),
        _ => _buffer!.GetMemory(sizeHint),
    };

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => _state switch
    {
        State.Block when sizeHint <= _block.Length - _written => _block.Span[_written..],
        State.Block => throw ThrowLengthMismatch(),
        State.Direct => _output.GetSpan(sizeHint),
        _ => _buffer!.GetSpan(sizeHint),
    };

    private void BeginDirect()
    {
        // One byte more, as a writer may ask for room when it has written all.
        var size = MessageFrame.HeaderSize + _announced + 1;
        if (size > MaxBlock)
        {
            WriteHeader(_announced, compressed: false);
            _state = State.Direct;
            return;
        }

        _block = _output.GetMemory(size);
        MessageFrame.WriteHeader(_block.Span, _announced, compressed: false);
        _written = MessageFrame.HeaderSize;
        _state = State.Block;
    }

    private static InvalidOperationException ThrowLengthMismatch() =>
        new("The serializer wrote another number of bytes than it had announced.");

    private void WritePayload(ReadOnlySpan<byte> payload)
    {
        ThrowIfTooLarge(payload.Length);

        // Nothing compresses to no bytes at all here, which others can't decompress.
        if (_compression is null || payload.IsEmpty)
        {
            WriteHeader(payload.Length, compressed: false);
            _output.Write(payload);
            _written += payload.Length;
            return;
        }

        using var compressed = new MemoryStream(payload.Length / 2);
        using (var stream = _compression.CreateCompressionStream(compressed, _compressionLevel))
        {
            stream.Write(payload);
        }

        var bytes = compressed.GetBuffer().AsSpan(0, (int)compressed.Length);
        WriteHeader(bytes.Length, compressed: true);
        _output.Write(bytes);
        _written += bytes.Length;
    }

    private void WriteHeader(int length, bool compressed)
    {
        MessageFrame.WriteHeader(_output.GetSpan(MessageFrame.HeaderSize), length, compressed);
        _output.Advance(MessageFrame.HeaderSize);
        _written += MessageFrame.HeaderSize;
    }

    private void ThrowIfTooLarge(int length)
    {
        if (length > _maxMessageSize)
        {
            throw MessageErrors.SendingTooLarge();
        }
    }
}
