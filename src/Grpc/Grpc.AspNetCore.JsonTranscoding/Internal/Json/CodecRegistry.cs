using System.Collections.Concurrent;
using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>Builds the codec of each message type once and keeps it.</summary>
internal sealed class CodecRegistry(ProtoJsonSettings settings)
{
    private readonly ConcurrentDictionary<MessageDescriptor, MessageCodec> _codecs = new();
    private readonly ConcurrentDictionary<string, MessageDescriptor> _types = new();

    public MessageCodec Get(MessageDescriptor descriptor) =>
        _codecs.TryGetValue(descriptor, out var codec) ? codec : _codecs.GetOrAdd(descriptor, Create);

    public ObjectCodec GetObject(MessageDescriptor descriptor) => Get(descriptor) as ObjectCodec
        ?? throw new ArgumentException($"{descriptor.FullName} is not a JSON object of fields.", nameof(descriptor));

    /// <summary>Makes all types of a file, and of the files that it imports, known to Any.</summary>
    public void AddTypes(FileDescriptor file)
    {
        foreach (var message in file.MessageTypes)
        {
            AddTypes(message);
        }

        foreach (var import in file.Dependencies)
        {
            AddTypes(import);
        }
    }

    public MessageDescriptor? FindType(string fullName) =>
        _types.TryGetValue(fullName, out var type) ? type : settings.TypeRegistry.Find(fullName);

    private void AddTypes(MessageDescriptor message)
    {
        if (_types.TryAdd(message.FullName, message))
        {
            foreach (var nested in message.NestedTypes)
            {
                AddTypes(nested);
            }
        }
    }

    private MessageCodec Create(MessageDescriptor descriptor) => descriptor.FullName switch
    {
        "google.protobuf.Any" => new AnyCodec(this),
        "google.protobuf.Timestamp" => new TimestampCodec(),
        "google.protobuf.Duration" => new DurationCodec(),
        "google.protobuf.FieldMask" => new FieldMaskCodec(),
        "google.protobuf.Struct" => new StructCodec(),
        "google.protobuf.Value" => new JsonValueCodec(),
        "google.protobuf.ListValue" => new ListValueCodec(),
        _ when IsWrapper(descriptor) => new WrapperCodec(CreateField(descriptor.Fields[1])),
        _ => new ObjectCodec(
            descriptor, [.. descriptor.Fields.InDeclarationOrder().Select(CreateField)], settings),
    };

    private static bool IsWrapper(MessageDescriptor descriptor) =>
        descriptor.File == WrappersReflection.Descriptor;

    private FieldCodec CreateField(FieldDescriptor field)
    {
        var name = settings.PreserveProtoFieldNames ? field.Name : field.JsonName;
        var message = field.ContainingType.ClrType;
        var property = message.GetProperty(field.PropertyName, BindingFlags.Public | BindingFlags.Instance)
            ?? throw new InvalidOperationException($"{message} has no property {field.PropertyName}.");
        if (field.IsMap)
        {
            var types = property.PropertyType.GetGenericArguments();
            var entry = field.MessageType;
            return New<FieldCodec>(
                typeof(MapFieldCodec<,,>).MakeGenericType(message, types[0], types[1]),
                field, name, property, CreateValue(entry.Fields[1], types[0]), CreateValue(entry.Fields[2], types[1]));
        }

        var isRepeated = property.PropertyType.IsGenericType &&
            property.PropertyType.GetGenericTypeDefinition() == typeof(RepeatedField<>);
        var type = isRepeated ? property.PropertyType.GetGenericArguments()[0] : property.PropertyType;
        var codec = isRepeated ? typeof(RepeatedFieldCodec<,>) : typeof(SingularFieldCodec<,>);
        return New<FieldCodec>(codec.MakeGenericType(message, type), field, name, property, CreateValue(field, type));
    }

    private object CreateValue(FieldDescriptor field, System.Type type)
    {
        if (field.FieldType is FieldType.Message or FieldType.Group)
        {
            if (!IsWrapper(field.MessageType))
            {
                return New<object>(typeof(MessageValueCodec<>).MakeGenericType(type), this, field.MessageType);
            }

            var value = field.MessageType.Fields[1];
            return Nullable.GetUnderlyingType(type) is { } inner
                ? New<object>(typeof(NullableCodec<>).MakeGenericType(inner), CreateValue(value, inner))
                : CreateValue(value, type);
        }

        return field.FieldType switch
        {
            FieldType.Bool => new BoolCodec(),
            FieldType.String => new StringCodec(),
            FieldType.Bytes => new BytesCodec(),
            FieldType.Float => new SingleCodec(),
            FieldType.Double => new DoubleCodec(),
            FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => new Int32Codec(),
            FieldType.UInt32 or FieldType.Fixed32 => new UInt32Codec(),
            FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => new Int64Codec(),
            FieldType.UInt64 or FieldType.Fixed64 => new UInt64Codec(),
            _ => New<object>(
                typeof(EnumCodec<>).MakeGenericType(type), field.EnumType, settings.WriteEnumsAsIntegers),
        };
    }

    private static T New<T>(System.Type type, params object[] arguments) =>
        (T)Activator.CreateInstance(type, arguments)!;
}
