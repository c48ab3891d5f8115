using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Reads and writes one field of one message type.</summary>
internal abstract class FieldCodec(FieldDescriptor descriptor, string name)
{
    public JsonEncodedText EncodedName { get; } = JsonText.Encode(name);

    public FieldDescriptor Descriptor { get; } = descriptor;

    public string Name { get; } = name;

    /// <summary>Position among the real oneofs of the message, -1 for a field outside of them.</summary>
    public int Oneof { get; } = descriptor.RealContainingOneof?.Index ?? -1;

    public abstract bool AcceptsNull { get; }

    /// <summary>Whether <see cref="ReadText"/> works, that is: whether a query can bind the field.</summary>
    public abstract bool HasText { get; }

    /// <summary>Writes name and value, or nothing when the field isn't set.</summary>
    public abstract void Write(Utf8JsonWriter writer, IMessage message, bool withDefaults);

    /// <summary>Writes the value alone; a field that isn't set gives its default, or null.</summary>
    public abstract void WriteValue(Utf8JsonWriter writer, IMessage message);

    /// <summary>Reads the value at the reader's token; repeated fields and maps are added to.</summary>
    public abstract void Read(ref Utf8JsonReader reader, IMessage message);

    /// <summary>Sets the field from text; a repeated field gets one more element.</summary>
    public abstract void ReadText(ReadOnlySpan<byte> text, IMessage message);
}
