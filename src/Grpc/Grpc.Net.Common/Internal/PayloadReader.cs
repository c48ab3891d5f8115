using System.Buffers;
using Grpc.Core;

namespace Grpc.Net.Internal;

/// <summary>Gives a payload to a deserializer. One per thread serves all calls, as deserializers run synchronously.</summary>
internal sealed class PayloadReader : DeserializationContext
{
    [ThreadStatic]
    private static PayloadReader? _cached;

    private ReadOnlySequence<byte> _payload;

    public override int PayloadLength => (int)_payload.Length;

    /// <exception cref="RpcException">The deserializer failed.</exception>
    public static T Deserialize<T>(Func<DeserializationContext, T> deserializer, in ReadOnlySequence<byte> payload)
    {
        // A deserializer that itself deserializes finds no cached reader and makes one.
        var reader = _cached ?? new PayloadReader();
        _cached = null;
        reader._payload = payload;
        try
        {
            return deserializer(reader) ?? throw MessageErrors.Unparsable(new InvalidOperationException("The deserializer returned null."));
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw MessageErrors.Unparsable(exception);
        }
        finally
        {
            reader._payload = default;
            _cached = reader;
        }
    }

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;
}
