using System.Text.Json;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Reads and writes single values of one protobuf type; <typeparamref name="T"/> is its C# type.</summary>
internal abstract class ValueCodec<T>
{
    /// <summary>Whether JSON null is a value of this type instead of "not set".</summary>
    public virtual bool AcceptsNull => false;

    /// <summary>Whether the type can stand in a path or a query, that is: whether <see cref="Parse"/> works.</summary>
    public virtual bool HasText => true;

    /// <summary>Whether a field without presence that holds this value is left out.</summary>
    public abstract bool IsDefault(T value);

    public abstract void Write(Utf8JsonWriter writer, T value);

    /// <summary>Reads the value at the reader's token and leaves the reader on its last token.</summary>
    public abstract T Read(ref Utf8JsonReader reader);

    /// <summary>Reads a value from the text of a path, a query or a map key.</summary>
    public abstract T Parse(ReadOnlySpan<byte> text);

    /// <summary>Reads the value from the key of a map.</summary>
    public virtual T ReadKey(ref Utf8JsonReader reader)
    {
        using var text = new TokenText(ref reader);
        return Parse(text.Span);
    }

    /// <summary>Writes the value as the key of a map.</summary>
    public virtual void WriteKey(Utf8JsonWriter writer, T value) => throw new NotSupportedException();
}
