using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.JsonTranscoding.Internal.Json;

/// <summary>An enum: written by name, by number when the number has no name; read by name or number.</summary>
internal sealed class EnumCodec<TEnum> : ValueCodec<TEnum>
    where TEnum : struct, Enum
{
    private readonly Dictionary<int, JsonEncodedText> _names = [];
    private readonly Utf8NameTable _numbers;
    private readonly bool _isNull;
    private readonly bool _writesNumbers;
    private readonly int _default;

    public EnumCodec(EnumDescriptor descriptor, bool writesNumbers)
    {
        _isNull = descriptor.FullName == "google.protobuf.NullValue";
        _writesNumbers = writesNumbers;
        _default = descriptor.Values[0].Number;
        foreach (var value in descriptor.Values)
        {
            // Of several names for one number the first one declared is canonical.
            _names.TryAdd(value.Number, JsonText.Encode(value.Name));
        }

        _numbers = new Utf8NameTable(descriptor.Values.Select(v => KeyValuePair.Create(v.Name, v.Number)));
    }

    public override bool AcceptsNull => _isNull;

    public override bool IsDefault(TEnum value) => ToNumber(value) == _default;

    public override void Write(Utf8JsonWriter writer, TEnum value)
    {
        var number = ToNumber(value);
        if (_isNull)
        {
            writer.WriteNullValue();
        }
        else if (!_writesNumbers && _names.TryGetValue(number, out var name))
        {
            writer.WriteStringValue(name);
        }
        else
        {
            writer.WriteNumberValue(number);
        }
    }

    public override TEnum Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null when _isNull:
                return default;
            case JsonTokenType.Number:
                return FromNumber(reader.TryGetInt32(out var number)
                    ? number
                    : (int)NumberText.ReadInteger(ref reader, int.MinValue, int.MaxValue));
            case JsonTokenType.String:
                using (var text = new TokenText(ref reader))
                {
                    return Parse(text.Span);
                }

            default:
                throw new JsonValueException("The name of an enum value was expected.");
        }
    }

    public override TEnum Parse(ReadOnlySpan<byte> text)
    {
        if (_numbers.TryFind(text, out var number))
        {
            return FromNumber(number);
        }

        return text.Length > 0 && (text[0] == '-' || char.IsAsciiDigit((char)text[0]))
            ? FromNumber((int)NumberText.ParseInteger(text, int.MinValue, int.MaxValue))
            : throw new JsonValueException("The value is not the name of an enum value.");
    }

    private static int ToNumber(TEnum value) => Unsafe.As<TEnum, int>(ref value);

    private static TEnum FromNumber(int number) => Unsafe.As<int, TEnum>(ref number);
}
