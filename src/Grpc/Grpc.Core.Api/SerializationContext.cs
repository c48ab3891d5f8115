using System.Buffers;

namespace Grpc.Core;

/// <summary>
/// Takes one serialized message: either a whole array, or an optional length, bytes through
/// <see cref="GetBufferWriter"/> and then <see cref="Complete()"/>. Valid only during the serializer's call.
/// </summary>
public abstract class SerializationContext
{
    /// <summary>Takes the whole payload at once.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The buffer that takes the payload.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Tells the payload's length in bytes before the first write, so that it needs no copy.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends a payload written through <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
