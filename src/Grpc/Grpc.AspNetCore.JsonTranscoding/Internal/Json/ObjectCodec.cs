using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>An ordinary message: a JSON object with a member a field.</summary>
internal sealed class ObjectCodec : MessageCodec
{
    private readonly FieldCodec[] _fields;
    private readonly Utf8NameTable _names;
    private readonly int _words;
    private readonly bool _ignoresUnknown;
    private readonly bool _writesDefaults;

    public ObjectCodec(MessageDescriptor descriptor, FieldCodec[] fields, ProtoJsonSettings settings)
    {
        _fields = fields;
        _ignoresUnknown = settings.IgnoreUnknownFields;
        _writesDefaults = settings.WriteDefaultValues;
        _words = ((_fields.Length + descriptor.RealOneofCount) / 64) + 1;
        // JSON names go first: should one field's JSON name be another's proto name, it wins.
        _names = new Utf8NameTable(
            _fields.Select((f, i) => KeyValuePair.Create(f.Descriptor.JsonName, i))
                .Concat(_fields.Select((f, i) => KeyValuePair.Create(f.Descriptor.Name, i))));
    }

    public FieldCodec? Find(string name)
    {
        Span<byte> utf8 = name.Length <= 64 ? stackalloc byte[192] : new byte[name.Length * 3];
        var length = System.Text.Encoding.UTF8.GetBytes(name, utf8);
        return _names.TryFind(utf8[..length], out var index) ? _fields[index] : null;
    }

    public FieldCodec Find(FieldDescriptor field) => Array.Find(_fields, f => f.Descriptor == field)
        ?? throw new ArgumentException($"{field.FullName} is not a field of this message.", nameof(field));

    public override void Write(Utf8JsonWriter writer, IMessage message)
    {
        writer.WriteStartObject();
        WriteMembers(writer, message);
        writer.WriteEndObject();
    }

    public void WriteMembers(Utf8JsonWriter writer, IMessage message)
    {
        foreach (var field in _fields)
        {
            field.Write(writer, message, _writesDefaults);
        }
    }

    public override void Read(ref Utf8JsonReader reader, IMessage message) => Read(ref reader, message, isInAny: false);

    /// <param name="isInAny">Whether the object also holds the <c>@type</c> of an Any.</param>
    public void Read(ref Utf8JsonReader reader, IMessage message, bool isInAny)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonValueException("An object was expected.");
        }

        // One bit a field and then one a oneof.
        Span<ulong> seen = _words <= 4 ? stackalloc ulong[4] : new ulong[_words];
        seen.Clear();
        HashSet<string>? unknown = null;
        var expected = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (!TryFind(ref reader, expected, out var index))
            {
                SkipUnknown(ref reader, ref unknown, isInAny);
                continue;
            }

            var field = _fields[index];
            expected = index + 1;
            try
            {
                if (!Mark(seen, index))
                {
                    throw new JsonValueException("The field appears twice.");
                }

                reader.Read();
                if (reader.TokenType == JsonTokenType.Null && !field.AcceptsNull)
                {
                    continue;
                }

                if (field.Oneof >= 0 && !Mark(seen, _fields.Length + field.Oneof))
                {
                    throw new JsonValueException("Another field of the same oneof is already set.");
                }

                field.Read(ref reader, message);
            }
            catch (JsonValueException e) when (e.Within(field.Name))
            {
                throw;
            }
        }
    }

    private static bool Mark(Span<ulong> seen, int bit)
    {
        ref var word = ref seen[bit >> 6];
        var mask = 1UL << bit;
        if ((word & mask) != 0)
        {
            return false;
        }

        word |= mask;
        return true;
    }

    private bool TryFind(ref Utf8JsonReader reader, int expected, out int index)
    {
        // Most clients send fields in the order of the contract.
        if (expected < _fields.Length && reader.ValueTextEquals(_fields[expected].EncodedName.EncodedUtf8Bytes))
        {
            index = expected;
            return true;
        }

        using var name = new TokenText(ref reader);
        return _names.TryFind(name.Span, out index);
    }

    private void SkipUnknown(ref Utf8JsonReader reader, ref HashSet<string>? unknown, bool isInAny)
    {
        var name = reader.GetString()!;
        try
        {
            if (!(unknown ??= []).Add(name))
            {
                throw new JsonValueException("The name appears twice.");
            }

            if (!_ignoresUnknown && !(isInAny && name == "@type"))
            {
                throw new JsonValueException("The message has no such field.");
            }

            reader.Read();
            DuplicateNames.SkipValue(ref reader);
        }
        catch (JsonValueException e) when (e.Within(name))
        {
            throw;
        }
    }
}
