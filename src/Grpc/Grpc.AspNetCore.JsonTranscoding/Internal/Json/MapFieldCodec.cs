using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A map field: a JSON object, whose keys are strings whatever the key type.</summary>
internal sealed class MapFieldCodec<TMessage, TKey, TValue>(
    FieldDescriptor descriptor, string name, PropertyInfo property, ValueCodec<TKey> keys, ValueCodec<TValue> values)
    : FieldCodec(descriptor, name)
    where TMessage : class, IMessage
    where TKey : notnull
{
    private readonly ValueCodec<TKey> _keys = keys;
    private readonly ValueCodec<TValue> _values = values;
    private readonly Func<TMessage, MapField<TKey, TValue>> _get =
        property.GetMethod!.CreateDelegate<Func<TMessage, MapField<TKey, TValue>>>();

    public override bool AcceptsNull => false;

    public override bool HasText => false;

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
        writer.WriteStartObject();
        foreach (var (key, value) in _get(Unsafe.As<TMessage>(message)))
        {
            _keys.WriteKey(writer, key);
            _values.Write(writer, value);
        }

        writer.WriteEndObject();
    }

    public override void Read(ref Utf8JsonReader reader, IMessage message)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonValueException("An object was expected.");
        }

        var map = _get(Unsafe.As<TMessage>(message));
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = _keys.ReadKey(ref reader);
            try
            {
                if (map.ContainsKey(key))
                {
                    throw new JsonValueException("The key appears twice.");
                }

                reader.Read();
                if (reader.TokenType == JsonTokenType.Null && !_values.AcceptsNull)
                {
                    throw new JsonValueException("A value of a map can't be null.");
                }

                map.Add(key, _values.Read(ref reader));
            }
            catch (JsonValueException e) when (e.Within($"[{key}]"))
            {
                throw;
            }
        }
    }

    public override void ReadText(ReadOnlySpan<byte> text, IMessage message) => throw new NotSupportedException();
}
