using System.Text.Json;
using Google.Protobuf;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A wrapper message that stands alone (as a whole reply, or in an Any): just its value.</summary>
internal sealed class WrapperCodec(FieldCodec value) : MessageCodec
{
    public override bool HasText => true;

    public override void Write(Utf8JsonWriter writer, IMessage message) => value.WriteValue(writer, message);

    public override void Read(ref Utf8JsonReader reader, IMessage message) => value.Read(ref reader, message);

    public override void Parse(ReadOnlySpan<byte> text, IMessage message) => value.ReadText(text, message);
}
