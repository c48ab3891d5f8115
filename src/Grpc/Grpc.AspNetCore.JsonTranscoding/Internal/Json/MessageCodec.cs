using System.Text.Json;
using Google.Protobuf;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Reads and writes the messages of one type.</summary>
internal abstract class MessageCodec
{
    /// <summary>Whether JSON null is a value of this type instead of "not set".</summary>
    public virtual bool AcceptsNull => false;

    /// <summary>Whether the type can stand in a path or a query.</summary>
    public virtual bool HasText => false;

    public abstract void Write(Utf8JsonWriter writer, IMessage message);

    /// <summary>Reads the value at the reader's token into an empty message.</summary>
    public abstract void Read(ref Utf8JsonReader reader, IMessage message);

    /// <summary>Reads a message from the text of a path or a query.</summary>
    public virtual void Parse(ReadOnlySpan<byte> text, IMessage message) => throw new NotSupportedException();
}
