using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A message as a value. Finds its codec late, because message types may contain themselves.</summary>
internal sealed class MessageValueCodec<TMessage>(CodecRegistry registry, MessageDescriptor descriptor)
    : ValueCodec<TMessage>
    where TMessage : class, IMessage, new()
{
    private MessageCodec? _codec;

    private MessageCodec Codec => _codec ??= registry.Get(descriptor);

    public override bool AcceptsNull => Codec.AcceptsNull;

    public override bool HasText => Codec.HasText;

    public override bool IsDefault(TMessage value) => value is null;

    public override void Write(Utf8JsonWriter writer, TMessage value) => Codec.Write(writer, value);

    public override TMessage Read(ref Utf8JsonReader reader)
    {
        var message = new TMessage();
        Codec.Read(ref reader, message);
        return message;
    }

    public override TMessage Parse(ReadOnlySpan<byte> text)
    {
        var message = new TMessage();
        Codec.Parse(text, message);
        return message;
    }
}
