using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>A field that is neither repeated nor a map, through the typed property of the generated class.</summary>
internal sealed class SingularFieldCodec<TMessage, T> : FieldCodec
    where TMessage : class, IMessage
{
    private readonly ValueCodec<T> _values;
    private readonly Func<TMessage, T> _get;
    private readonly Action<TMessage, T> _set;
    private readonly Func<TMessage, bool>? _has;
    private readonly bool _hasImplicitPresence;

    public SingularFieldCodec(FieldDescriptor descriptor, string name, PropertyInfo property, ValueCodec<T> values)
        : base(descriptor, name)
    {
        _values = values;
        _get = property.GetMethod!.CreateDelegate<Func<TMessage, T>>();
        _set = property.SetMethod!.CreateDelegate<Action<TMessage, T>>();
        _hasImplicitPresence = !descriptor.HasPresence;
        if (descriptor.HasPresence && descriptor.FieldType is not (FieldType.Message or FieldType.Group))
        {
            var has = typeof(TMessage).GetProperty("Has" + property.Name)?.GetMethod;
            _has = has is null ? descriptor.Accessor.HasValue : has.CreateDelegate<Func<TMessage, bool>>();
        }
    }

    public override bool AcceptsNull => _values.AcceptsNull;

    public override bool HasText => _values.HasText;

    public override void Write(Utf8JsonWriter writer, IMessage message, bool withDefaults)
    {
        var typed = Unsafe.As<TMessage>(message);
        if (_has is not null && !_has(typed))
        {
            return;
        }

        var value = _get(typed);
        if (value is null || (_hasImplicitPresence && !withDefaults && _values.IsDefault(value)))
        {
            return;
        }

        writer.WritePropertyName(EncodedName);
        _values.Write(writer, value);
    }

    public override void WriteValue(Utf8JsonWriter writer, IMessage message)
    {
        var value = _get(Unsafe.As<TMessage>(message));
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            _values.Write(writer, value);
        }
    }

    public override void Read(ref Utf8JsonReader reader, IMessage message) =>
        _set(Unsafe.As<TMessage>(message), _values.Read(ref reader));

    public override void ReadText(ReadOnlySpan<byte> text, IMessage message) =>
        _set(Unsafe.As<TMessage>(message), _values.Parse(text));
}
