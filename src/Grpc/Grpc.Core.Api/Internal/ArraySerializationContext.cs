using System.Buffers;

namespace Grpc.Core.Internal;

internal sealed class ArraySerializationContext : SerializationContext
{
    private ArrayBufferWriter<byte>? _writer;
    private byte[]? _payload;
    private bool _complete;

    public override void Complete(byte[] payload)
    {
        ThrowIfComplete();
        _payload = payload;
        _complete = true;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        ThrowIfComplete();
        return _writer ??= new ArrayBufferWriter<byte>();
    }

    public override void SetPayloadLength(int payloadLength)
    {
        if (payloadLength > 0)
        {
            _writer ??= new ArrayBufferWriter<byte>(payloadLength);
        }
    }

    public override void Complete()
    {
        ThrowIfComplete();
        _complete = true;
    }

    public byte[] GetPayload() => _complete
        ? _payload ?? _writer?.WrittenSpan.ToArray() ?? []
        : throw new InvalidOperationException("The serializer did not complete its payload.");

    private void ThrowIfComplete()
    {
        if (_complete)
        {
            throw new InvalidOperationException("The payload is complete already.");
        }
    }
}
