using Grpc.Core.Internal;

namespace Grpc.Core;

/// <summary>Writes and reads one type of message. Each form is derived from the other when only one is given.</summary>
public class Marshaller<T>
{
    private readonly Func<T, byte[]> _serializer;
    private readonly Func<byte[], T> _deserializer;

    /// <summary>Makes a marshaller from functions over whole arrays.</summary>
    public Marshaller(Func<T, byte[]> serializer, Func<byte[], T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        _serializer = serializer;
        _deserializer = deserializer;
        ContextualSerializer = (message, context) => context.Complete(serializer(message));
        ContextualDeserializer = context => deserializer(context.PayloadAsNewBuffer());
    }

    /// <summary>Makes a marshaller that writes to and reads from the call's own buffers.</summary>
    public Marshaller(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        ContextualSerializer = serializer;
        ContextualDeserializer = deserializer;
        _serializer = message =>
        {
            var context = new ArraySerializationContext();
            serializer(message, context);
            return context.GetPayload();
        };
        _deserializer = bytes => deserializer(new ArrayDeserializationContext(bytes));
    }

    /// <summary>A message to its bytes.</summary>
    public Func<T, byte[]> Serializer => _serializer;

    /// <summary>Bytes to a message.</summary>
    public Func<byte[], T> Deserializer => _deserializer;

    /// <summary>Writes a message to the call's buffer.</summary>
    public Action<T, SerializationContext> ContextualSerializer { get; }

    /// <summary>Reads a message from the call's buffer.</summary>
    public Func<DeserializationContext, T> ContextualDeserializer { get; }
}
