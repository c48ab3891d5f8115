using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A repeated field: a JSON array.</summary>
internal sealed class RepeatedFieldCodec<TMessage, T>(
    FieldDescriptor descriptor, string name, PropertyInfo property, ValueCodec<T> values)
    : FieldCodec(descriptor, name)
    where TMessage : class, IMessage
{
    private readonly ValueCodec<T> _values = values;
    private readonly Func<TMessage, RepeatedField<T>> _get =
        property.GetMethod!.CreateDelegate<Func<TMessage, RepeatedField<T>>>();

    public override bool AcceptsNull => false;

    public override bool HasText => _values.HasText;

    public override void Write(Utf8JsonWriter writer, IMessage message, bool withDefaults)
    {
        if (withDefaults || _get(Unsafe.As<TMessage>(message)).Count > 0)
        {
            writer.WritePropertyName(EncodedName);
            WriteValue(writer, message);
        }
    }

    public override void WriteValue(Utf8JsonWriter writer, IMessage message)
    {
        var list = _get(Unsafe.As<TMessage>(message));
        writer.WriteStartArray();
        for (var i = 0; i < list.Count; i++)
        {
            _values.Write(writer, list[i]);
        }

        writer.WriteEndArray();
    }

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonValueException("An array was expected.");
        }

        var list = _get(Unsafe.As<TMessage>(message));
        var index = 0;
        try
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.Null && !_values.AcceptsNull)
                {
                    throw new JsonValueException("An element can't be null.");
                }

                list.Add(_values.Read(ref reader));
                index++;
            }
        }
        catch (JsonValueException e) when (e.Within(string.Create(CultureInfo.InvariantCulture, $"[{index}]")))
        {
            throw;
        }
    }

    public override void ReadText(ReadOnlySpan<byte> text, IMessage message) =>
        _get(Unsafe.As<TMessage>(message)).Add(_values.Parse(text));
}
