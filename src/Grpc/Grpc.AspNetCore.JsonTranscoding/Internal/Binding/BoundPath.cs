using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.JsonTranscoding.Internal.Json;
using FieldCodec = Grpc.AspNetCore.JsonTranscoding.Internal.Json.FieldCodec;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Binding;

/// <summary>
/// A field path such as <c>a.b.c</c>, resolved from a request message down to a field that text can set.
/// </summary>
internal sealed class BoundPath
{
    private readonly FieldCodec[] _fields;

    private BoundPath(FieldCodec[] fields)
    {
        _fields = fields;
    }

    public FieldCodec Leaf => _fields[^1];

    /// <summary>Resolves a path by JSON names and proto names.</summary>
    /// <param name="problem">Why the path can't be set from text; null when a name on it is simply unknown.</param>
    public static bool TryResolve(
        CodecRegistry codecs,
        MessageDescriptor message,
        string path,
        [NotNullWhen(true)] out BoundPath? bound,
        out string? problem)
    {
        bound = null;
        problem = null;
        var names = path.Split('.');
        var fields = new FieldCodec[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (codecs.Get(message) is not ObjectCodec codec || codec.Find(names[i]) is not { } field)
            {
                return false;
            }

            fields[i] = field;
            if (i == names.Length - 1)
            {
                break;
            }

            if (field.Descriptor.FieldType is not (FieldType.Message or FieldType.Group))
            {
                return false;
            }

            if (field.Descriptor.IsRepeated)
            {
                problem = $"'{field.Descriptor.Name}' is repeated, so its fields can't be named.";
                return false;
            }

            message = field.Descriptor.MessageType;
        }

        if (!fields[^1].HasText)
        {
            problem = "The field is a message or a map, which has no text form.";
            return false;
        }

        bound = new BoundPath(fields);
        return true;
    }

    /// <summary>Whether this path goes through the other one or ends with it.</summary>
    public bool StartsWith(BoundPath other) =>
        _fields.Length >= other._fields.Length && _fields.AsSpan(0, other._fields.Length).SequenceEqual(other._fields);

    /// <summary>Whether the path begins with a field of the request message itself.</summary>
    public bool StartsWith(FieldDescriptor field) => _fields[0].Descriptor == field;

    /// <summary>Sets the field, or adds an element to it; messages on the way are created.</summary>
    /// <exception cref="JsonValueException">The text is no value of the field's type.</exception>
    public void Set(IMessage request, string text)
    {
        for (var i = 0; i < _fields.Length - 1; i++)
        {
            var field = _fields[i].Descriptor;
            if (field.Accessor.GetValue(request) is not IMessage next)
            {
                next = field.MessageType.Parser.ParseFrom(ByteString.Empty);
                field.Accessor.SetValue(request, next);
            }

            request = next;
        }

        var maximum = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> utf8 = maximum <= 512 ? stackalloc byte[512] : new byte[maximum];
        Leaf.ReadText(utf8[..Encoding.UTF8.GetBytes(text, utf8)], request);
    }
}
